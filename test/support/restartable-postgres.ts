import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/platform/embedded-postgres.js';
import type { EmbeddedPostgres } from '../../src/platform/embedded-postgres.js';
import { findFreePort } from './free-port.js';
import { makeServiceFolder, removeServiceFolder } from './service-folder.js';

/** `fast` breaks sessions off in good order; `immediate` is a crash, with a replay of the log at the next start. */
export type StopMode = 'fast' | 'immediate';

/** A Postgres that keeps its address and its data over restarts. While it is stopped the address refuses connections. */
export interface RestartablePostgres {
  url: string;
  stop(mode: StopMode): Promise<void>;
  start(): Promise<void>;
  dispose(): Promise<void>;
}

export async function startRestartablePostgres(): Promise<RestartablePostgres> {
  const folder = await makeServiceFolder('postgres');
  const door = new Door(await findFreePort());
  let postgres: EmbeddedPostgres | null = null;

  const start = async (): Promise<void> => {
    postgres = await startEmbeddedPostgres({ dataDir: folder, log: () => undefined });
    await door.openTo(Number(new URL(postgres.url).port));
  };
  const stop = async (mode: StopMode): Promise<void> => {
    if (postgres === null) return;
    door.shut();
    if (mode === 'immediate') {
      const [postmaster] = (await readFile(join(folder, 'postgres/postmaster.pid'), 'utf8')).split('\n');
      process.kill(Number(postmaster), 'SIGQUIT');
      await postgres.exited;
    }
    await postgres.stop();
    postgres = null;
  };

  await start();
  const url = new URL((postgres as unknown as EmbeddedPostgres).url);
  url.port = String(door.port);
  return {
    url: url.href,
    start,
    stop,
    async dispose() {
      await stop('fast');
      await removeServiceFolder(folder);
    },
  };
}

/** One port that leads to another, which changes with each start. */
export class Door {
  private readonly sockets = new Set<Socket>();
  private server: Server | null = null;

  constructor(readonly port: number) {}

  async openTo(port: number): Promise<void> {
    this.server = createServer((caller) => {
      const called = connect(port, '127.0.0.1');
      for (const [one, other] of [
        [caller, called],
        [called, caller],
      ] as const) {
        this.sockets.add(one);
        one.setNoDelay(true);
        one.pipe(other);
        one.on('error', () => undefined);
        one.on('close', () => {
          this.sockets.delete(one);
          other.destroy();
        });
      }
    });
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  /** Takes no more connections; those that are open are for Postgres to end. */
  shut(): void {
    this.server?.close();
    this.server = null;
  }
}
