import { execFileSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';

export function childrenOf(parent: number): number[] {
  const ps = execFileSync('ps', ['-e', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  return ps.split('\n').flatMap((line) => {
    const [pid, ppid] = line.trim().split(/\s+/).map(Number);
    return ppid === parent && pid !== undefined ? [pid] : [];
  });
}

/** Every process whose working folder this is: for a cluster's folder, its Postgres and the guard of it. */
export function processesIn(folder: string): number[] {
  const ps = execFileSync('ps', ['-e', '-o', 'pid='], { encoding: 'utf8' });
  return ps
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0 && workingFolderOf(pid) === folder);
}

function workingFolderOf(pid: number): string | null {
  try {
    if (process.platform === 'linux') return readlinkSync(`/proc/${pid}/cwd`);
    const lsof = execFileSync('lsof', ['-a', '-d', 'cwd', '-p', String(pid), '-Fn'], { encoding: 'utf8' });
    return /\nn(.*)/.exec(lsof)?.[1] ?? null;
  } catch {
    return null; // ended in between
  }
}
