import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgresError } from './error.js';

const INITDB_PATIENCE_MS = 15_000;

/**
 * Stops what an earlier Carillon left running on this cluster. Called with the folder's lock held, so whatever runs
 * there has no living owner. The guard normally ends it first; this is for a guard that was killed as well.
 */
export async function stopOrphans(clusterFolder: string, log: (line: string) => void): Promise<void> {
  const pidFile = join(clusterFolder, 'postmaster.pid');
  const postmaster = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10);
  const find = () => findPostgresOn(clusterFolder, postmaster);

  const found = find();
  if (found.length > 0) {
    log(
      `stopping a Postgres (pid ${found.includes(postmaster) ? postmaster : found.join(', ')}) that an earlier Carillon left behind`,
    );
    for (const [signal, patienceMs] of [
      ['SIGINT', 3_000],
      ['SIGQUIT', 2_000],
      ['SIGKILL', 2_000],
    ] as const) {
      const running = find();
      // Its children obey the postmaster; they are addressed themselves only when it is gone, or at the very end.
      const addressed = signal !== 'SIGKILL' && running.includes(postmaster) ? [postmaster] : running;
      for (const pid of addressed) send(pid, addressed.includes(postmaster) ? signal : 'SIGKILL');
      if (await becomesEmpty(find, patienceMs)) break;
    }
    const left = find();
    if (left.length > 0) {
      throw new EmbeddedPostgresError(
        `a Postgres that an earlier Carillon left on ${clusterFolder} does not stop; run \`kill -9 ${left.join(' ')}\``,
      );
    }
  }
  // The pid may belong to something else by now; Postgres would take that for a live server and refuse to start.
  await rm(pidFile, { force: true });
}

/** An initdb whose owner died works on to its end; deleting the folder under it would leave shared memory behind. */
export async function outlastInitdb(draftFolder: string): Promise<void> {
  if (process.platform === 'linux') await becomesEmpty(() => findByWorkingFolder(draftFolder), INITDB_PATIENCE_MS);
}

async function becomesEmpty(find: () => number[], patienceMs: number): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  while (find().length > 0) {
    if (performance.now() > deadline) return false;
    await sleep(50);
  }
  return true;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in between, or isn't ours to stop: the next look tells.
  }
}

function findPostgresOn(clusterFolder: string, postmaster: number): number[] {
  if (process.platform === 'linux') return findByWorkingFolder(clusterFolder);
  return Number.isInteger(postmaster) && commandOf(postmaster).includes(clusterFolder) ? [postmaster] : [];
}

/** Every process of Postgres works inside its cluster; device and inode tell that folder under any name. */
function findByWorkingFolder(clusterFolder: string): number[] {
  const cluster = statSync(clusterFolder);
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      if (!/^(postgres|initdb)/.test(readFileSync(`/proc/${name}/comm`, 'latin1'))) return [];
      const folder = statSync(`/proc/${name}/cwd`);
      return folder.ino === cluster.ino && folder.dev === cluster.dev ? [Number(name)] : [];
    } catch {
      return []; // ended in between, a zombie, or another user's
    }
  });
}

function commandOf(pid: number): string {
  try {
    const command = execFileSync('ps', ['-o', 'command=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return command.includes('postgres') ? command : '';
  } catch {
    return '';
  }
}
