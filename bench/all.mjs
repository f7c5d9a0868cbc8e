// Every benchmark, one after the other; options (--quick, --json) go to each. The curves apart: npm run bench:growth.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { QUICK } from './support/report.mjs';

const RUNS = [
  ['recurrence.mjs'],
  ['herd.mjs'],
  ['steady.mjs'],
  ['every-second.mjs'],
  ['scale.mjs'],
  ['api.mjs'],
  ['failover.mjs'],
  ['crash.mjs'],
  ['crash.mjs', '--redis'],
  ['dashboard.mjs'],
  ['memory.mjs'],
  ...(QUICK ? [['growth.mjs']] : []),
];

for (const [script, ...options] of RUNS) {
  const { status } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, script), ...options, ...process.argv.slice(2)],
    { stdio: 'inherit' },
  );
  if (status !== 0) process.exitCode = 1;
}
