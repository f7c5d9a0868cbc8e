// `npm run fuzz -- --requests 20000 --seed 1`: random requests for every operation, drawn from the API's description by a seed.
// `npm test` sends 2,000 by a seed of its own. What fails is shown as curl, with the command that repeats it.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: { requests: { type: 'string', default: '20000' }, seed: { type: 'string' } },
});
const seed = values.seed ?? String(Date.now() % 1_000_000_000);
for (const text of [values.requests, seed]) {
  if (!/^\d{1,9}$/.test(text)) throw new Error('--requests and --seed are whole numbers');
}

const jest = join(root, 'node_modules/jest/bin/jest.js');
const { status } = spawnSync(
  process.execPath,
  [jest, '--selectProjects', 'integration', '--', 'test/integration/fuzz.test'],
  {
    cwd: root,
    env: { ...process.env, FUZZ_REQUESTS: values.requests, FUZZ_SEED: seed },
    stdio: 'inherit',
  },
);
process.exit(status ?? 1);
