// `npm test`: every test, from the quick and pure to those that start and kill whole services; the last run one at a time
// because they measure time. What fails does not keep the later ones from running. Arguments go to Jest.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, isBuilt } from './build.mjs';

const root = join(import.meta.dirname, '..');
const results = join(root, 'node_modules/.cache/test-results');
// Off UTC, with clock changes: what leans on the process's zone shows itself.
const env = { ...process.env, TZ: process.env.TZ ?? 'America/Los_Angeles' };
const PHASES = [
  ['unit', 'architecture', 'integration'],
  ['e2e', '--maxWorkers=2'], // they wait for seconds to pass more than they work
  ['faults', '--runInBand'],
];

rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });
if (!isBuilt()) await build();

const total = { passed: 0, failed: 0, pending: 0 };
let broken = false;
for (const [index, phase] of PHASES.entries()) {
  const output = join(results, `${index}.json`);
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const projects = phase.filter((word) => !word.startsWith('--'));
  const flags = phase.filter((word) => word.startsWith('--'));
  const args = [jest, ...flags, '--json', '--outputFile', output, '--selectProjects', ...projects, '--passWithNoTests'];
  const { status } = spawnSync(process.execPath, [...args, ...process.argv.slice(2)], {
    cwd: root,
    env,
    stdio: ['inherit', 'ignore', 'inherit'], // the JSON goes to stdout too; people read stderr
  });
  broken ||= status !== 0;
  count(output);
}
writeFileSync(join(results, 'total.json'), JSON.stringify(total));
const skipped = total.pending > 0 ? `, ${total.pending} skipped` : '';
process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped}\n`);
process.exit(broken || total.failed > 0 ? 1 : 0);

function count(file) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = JSON.parse(
      readFileSync(file),
    );
    total.passed += numPassedTests;
    total.failed += numFailedTests + numRuntimeErrorTestSuites;
    total.pending += numPendingTests;
  } catch {
    total.failed += 1; // Jest itself did not come to an end
  }
}
