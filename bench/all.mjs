// Every benchmark, one after the other; options (--quick, --json) go to each.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const RUNS = [
  ['recurrence.mjs'],
  ['herd.mjs'],
  ['herd.mjs', '--redis'],
  ['crash.mjs'],
  ['crash.mjs', '--redis'],
  ['scale.mjs'],
  ['every-second.mjs'],
  ['api.mjs'],
];

for (const [script, ...options] of RUNS) {
  const { status } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, script), ...options, ...process.argv.slice(2)],
    {
      stdio: 'inherit',
    },
  );
  if (status !== 0) process.exitCode = 1;
}
