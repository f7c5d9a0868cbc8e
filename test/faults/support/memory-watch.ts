import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Replica } from './replica.js';

const LOOK_EVERY_MS = 500;

const run = promisify(execFile);

/** The largest resident memory that any replica has been seen with. */
export class MemoryWatch {
  largestMb: number | null = null;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly replicas: readonly Replica[]) {
    this.timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    const pids = this.replicas.filter(({ state }) => state !== 'down').map(({ pid }) => pid);
    if (pids.length === 0) return;
    // Leaves with 1 when one of them has just ended.
    const { stdout } = await run('ps', ['-o', 'rss=', '-p', pids.join(',')]).catch(() => ({ stdout: '' }));
    for (const line of stdout.split('\n')) {
      const mb = Number(line) / 1_024;
      if (mb > (this.largestMb ?? 0)) this.largestMb = mb;
    }
  }
}
