// `npm run test:schemathesis`: Schemathesis (https://schemathesis.io), another party's reading of docs/openapi.json, sends
// the built service what it makes of it, and checks each answer. Python 3.11 or later with venv is all it needs: what it installs
// lies in node_modules/.cache, for the next time too.
//
//   npm run test:schemathesis -- --seed 7 --max-examples 200       (arguments go to Schemathesis)
//   npm run test:schemathesis -- --include-operation-id createJob
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onStage } from '../bench/support/service.mjs';
import { build, isBuilt } from './build.mjs';

const ROOT_KEY = 'the-root-key-of-schemathesis';
/** Of random requests for each operation, beside those that go through its examples and its bounds one by one. */
const EXAMPLES = '15';

const root = join(import.meta.dirname, '..');
const settings = join(import.meta.dirname, 'schemathesis');
const cache = join(root, 'node_modules/.cache/schemathesis');
const work = join(cache, `run-${process.pid}`);

const program = install();
if (!isBuilt()) await build();
mkdirSync(work, { recursive: true });
let code = 1;
try {
  await onStage(async (stage) => {
    // It keeps jobs and makes no calls: their targets are anybody's.
    const service = await stage.service({
      ...{ DATABASE_URL: await stage.postgres(), REDIS_URL: '', ROLE: 'api', EGRESS_ALLOW: '' },
      ...{ AUTH: 'keys', ROOT_API_KEY: ROOT_KEY, HOST: '127.0.0.1', LOG_LEVEL: 'info' },
    });
    await makeProjectOfExamples(service.url);
    code = await run(service.url);
  });
  count(join(work, 'report.json'));
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.exit(code);

/** Once for each list of packages. */
function install() {
  const requirements = join(settings, 'requirements.txt');
  const name = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = join(cache, name);
  const command = join(folder, 'bin/schemathesis');
  const whole = join(folder, 'whole');
  if (existsSync(whole)) return command;
  rmSync(folder, { recursive: true, force: true });
  must('python3', ['-m', 'venv', folder], 'it needs python3 with venv: on Debian, apt-get install python3-venv');
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
  must(join(folder, 'bin/python'), [...pip, '-r', requirements], 'pip could not install Schemathesis');
  writeFileSync(whole, ''); // a kill half-way leaves what the next run throws away
  return command;
}

function must(given, args, advice) {
  const { status, error } = spawnSync(given, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) return;
  console.error(`Schemathesis did not run: ${advice}${error === undefined ? '' : ` (${error.message})`}`);
  process.exit(1);
}

/** The examples of the header Carillon-Project name it. */
async function makeProjectOfExamples(url) {
  const response = await fetch(`${url}/projects`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ROOT_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'billing' }),
  });
  if (!response.ok) throw new Error(`POST /projects answered ${response.status}: ${await response.text()}`);
}

function run(url) {
  const config = ['--config-file', join(settings, 'schemathesis.toml'), '--no-color'];
  const report = ['--report', 'json', '--report-json-path', join(work, 'report.json')];
  const given = ['--continue-on-failure', '--max-examples', EXAMPLES, '--header', `Authorization: Bearer ${ROOT_KEY}`];
  const all = [...config, 'run', `${url}/openapi.json`, ...given, ...report, ...process.argv.slice(2)];
  const child = spawn(program, all, { cwd: work, stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => resolve(status ?? 1));
  });
}

/** Operations that passed and failed, for whoever adds them up. */
function count(file) {
  const { operations, failures, errors = [] } = JSON.parse(readFileSync(file, 'utf8'));
  const broken = new Set(
    [...failures, ...errors].flatMap((entry) => entry.operations ?? [entry.operation ?? 'unknown']),
  );
  const failed = Math.max(broken.size, operations.errored, code === 0 ? 0 : 1);
  const passed = Math.max(0, operations.tested - failed);
  const pending = operations.selected - operations.tested;
  const results = join(root, 'node_modules/.cache/test-results');
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, 'schemathesis.json'), JSON.stringify({ passed, failed, pending }));
  console.log(`${passed} operations passed, ${failed} failed${pending > 0 ? `, ${pending} not tried` : ''}`);
}
