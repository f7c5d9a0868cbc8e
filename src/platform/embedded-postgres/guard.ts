import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';

/**
 * Ends a server when its owner dies in a way that leaves no time for it (SIGKILL, a crash). The guard is a shell
 * that waits on a pipe: the system closes the pipe with the owner, however the owner ends. The owner says when the
 * server has ended, so the guard never signals a pid that was given to another process since.
 */
export interface Guard {
  /** The server has ended; what is to be removed after the owner still is. */
  serverEnded(): void;
  /** All is in order: the guard ends without doing anything. */
  dismiss(): Promise<void>;
}

export interface GuardedServer {
  pid: number;
  /** Absolute, or relative to the folder. */
  pidFile: string;
  /** The guard's working folder: a process keeps access to it even where the path above it is closed. */
  folder: string;
  /** Sent in turn, with `graceSeconds` in between, until the server has ended. */
  signals: NodeJS.Signals[];
  graceSeconds: number;
  /** Folders to delete once the server has ended. */
  thenRemove: string[];
}

const SCRIPT = `
trap '' HUP INT TERM
pid=$1 file=$2 grace=$3 signals=$4
shift 4
runs() {
  kill -0 "$pid" || return 1
  # A file that names another pid is a newer server's; none at all: ours is just starting, or its folder was deleted.
  ! read -r named < "$file" || [ "$named" = "$pid" ]
}
read -r word
[ "$word" = ended ] && signals= && read -r word
[ "$word" = dismissed ] && exit 0
for signal in $signals; do
  runs && kill "-$signal" "$pid"
  tenths=0
  while runs && [ "$tenths" -lt "\${grace}0" ]; do sleep 0.1 || sleep 1; tenths=$((tenths + 1)); done
done
cd /
[ $# -eq 0 ] || rm -rf -- "$@"
`;

export function guardServer(server: GuardedServer): Guard {
  const signals = server.signals.map((signal) => signal.replace('SIG', '')).join(' ');
  const args = [String(server.pid), server.pidFile, String(server.graceSeconds), signals, ...server.thenRemove];
  const guard = spawn('/bin/sh', ['-c', 'eval "$GUARD_SCRIPT"', 'carillon-guard', ...args], {
    cwd: server.folder,
    env: { PATH: process.env['PATH'], GUARD_SCRIPT: SCRIPT },
    detached: true, // out of the terminal's process group: Ctrl-C is for Carillon, which then stops its server
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = once(guard, 'exit').catch(() => undefined);
  guard.stdin.on('error', () => undefined);
  (guard.stdin as Socket).unref();
  guard.unref();
  return {
    serverEnded: () => void guard.stdin.write('ended\n'),
    async dismiss() {
      guard.ref();
      guard.stdin.end('dismissed\n');
      await ended;
    },
  };
}
