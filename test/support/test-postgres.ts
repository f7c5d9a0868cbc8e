import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/platform/embedded-postgres.js';
import { makeServiceFolder, removeServiceFolder } from './service-folder.js';

export interface TestPostgres {
  url: string;
  stop(): Promise<void>;
}

/** A Postgres that a test owns, to be stopped or killed; nothing of it is meant to survive, so it never waits for disks. */
export async function startTestPostgres(...flags: string[]): Promise<TestPostgres> {
  const folder = await makeServiceFolder('postgres');
  const careless = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=200'];
  const postgres = await startEmbeddedPostgres({
    dataDir: join(folder),
    log: () => undefined,
    flags: [...careless.flatMap((setting) => ['-c', setting]), ...flags],
    ephemeral: true,
  });
  return {
    url: postgres.url,
    async stop() {
      await postgres.stop();
      await removeServiceFolder(folder);
    },
  };
}
