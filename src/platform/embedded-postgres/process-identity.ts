import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process id alone is reused by the system; together with the start it names one process for ever. */
export interface ProcessIdentity {
  pid: number;
  started: string;
}

export function identifyProcess(pid: number): ProcessIdentity {
  return { pid, started: readStart(pid) ?? 'unknown' };
}

export function isRunning(identity: ProcessIdentity): boolean {
  const started = readStart(identity.pid);
  if (started !== null) return started === identity.started;
  // Unreadable: gone, a zombie (both dead), or another user's process that /proc hides from us (hidepid).
  return belongsToAnotherUser(identity.pid);
}

function belongsToAnotherUser(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When the process started, as an opaque text; null when there is no such process or it is a zombie. */
function readStart(pid: number): string | null {
  return process.platform === 'linux' ? readLinuxStart(pid) : readPsStart(pid);
}

function readLinuxStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold spaces and parentheses itself, so fields are counted from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTicks] = [fields[0], fields[19]];
    if (state === 'Z' || state === 'X' || startTicks === undefined) return null;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}/${startTicks}`;
  } catch {
    return null;
  }
}

function readPsStart(pid: number): string | null {
  try {
    const line = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return line === '' || line.startsWith('Z') ? null : line.replace(/^\S+\s+/, '');
  } catch {
    return null;
  }
}
