// `npm test`: from the quick and pure to those that start and kill whole services; the last run few at a time because they
// measure time. What fails does not keep the later ones from running. Arguments go to Jest. The fault suite takes minutes
// and is a command of its own: `npm run test:faults`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, isBuilt } from './build.mjs';
import { addReport, noTests } from './jest-report.mjs';

const root = join(import.meta.dirname, '..');
const results = join(root, 'node_modules/.cache/test-results');
const args = process.argv.slice(2);
// Off UTC, with clock changes: what leans on the process's zone shows itself.
const zone = process.env.TZ ?? 'America/Los_Angeles';
const PHASES = [
  { projects: ['unit', 'architecture'], flags: ['--maxWorkers=2'] }, // Jest's own choice on two cores is one
  { projects: ['integration'], flags: ['--maxWorkers=2'] }, // they measure time too
  // The schedule cases must not depend on the zone that the process runs in.
  ...['UTC', 'Australia/Sydney', 'America/New_York'].map((TZ) => ({
    projects: ['unit'],
    only: ['recurrence/corpus', 'recurrence/recurrence'],
    TZ,
  })),
  { projects: ['e2e'], flags: ['--maxWorkers=2'] },
].filter(({ only }) => only === undefined || args.length === 0);

rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });
if (!isBuilt()) await build();

const total = noTests();
let broken = false;
for (const [index, { projects, flags = [], only = [], TZ = zone }] of PHASES.entries()) {
  const output = join(results, `${index}.json`);
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const selected = ['--selectProjects', ...projects, '--passWithNoTests', ...only];
  const { status } = spawnSync(
    process.execPath,
    [jest, ...flags, '--json', '--outputFile', output, ...selected, ...args],
    {
      cwd: root,
      env: { ...process.env, TZ },
      stdio: ['inherit', 'ignore', 'inherit'], // the JSON goes to stdout too; people read stderr
    },
  );
  broken ||= status !== 0;
  addReport(total, output, root);
}
writeFileSync(join(results, 'total.json'), JSON.stringify(total));
for (const name of total.failures) process.stdout.write(`failed: ${name}\n`);
const skipped = total.pending > 0 ? `, ${total.pending} skipped` : '';
process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped} (faults apart: npm run test:faults)\n`);
process.exit(broken || total.failed > 0 ? 1 : 0);
