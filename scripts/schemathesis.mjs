// `npm run test:schemathesis`: Schemathesis (https://schemathesis.io), another party's reading of docs/openapi.json, sends
// the built service what it makes of it, and checks each answer. Python 3.11 or later with venv is all it needs: what it installs
// lies in node_modules/.cache, for the next time too.
//
//   npm run test:schemathesis -- --seed 7 --max-examples 200       (arguments go to Schemathesis)
//   npm run test:schemathesis -- --include-operation-id createJob
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onStage } from '../bench/support/service.mjs';
import { build, isBuilt } from './build.mjs';

const ROOT_KEY = 'the-root-key-of-schemathesis';
/** One answer goes on for ever, and one operation calls whatever address it is given. */
const NOT_TRIED = ['streamEvents', 'testTarget'];
/** Of random requests for each operation, beside those that go through its examples and its bounds one by one. */
const EXAMPLES = '10';

const root = join(import.meta.dirname, '..');
const settings = join(import.meta.dirname, 'schemathesis');
const cache = join(root, 'node_modules/.cache/schemathesis');
const work = join(cache, `run-${process.pid}`);
const given = process.argv.slice(2);
const reportOf = (index) => join(work, `report-${index}.json`);

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
    const parts =
      given.length > 0 ? [given] : partsOf(JSON.parse(readFileSync(join(root, 'docs/openapi.json'), 'utf8')).paths);
    const codes = [];
    // It computes far more than it waits, in one thread: one process for each of two cores.
    const left = [...parts.keys()];
    const inTurn = async () => {
      for (let index = left.shift(); index !== undefined; index = left.shift()) {
        codes.push(await run(service.url, parts[index], reportOf(index)));
      }
    };
    await Promise.all([inTurn(), inTurn()]);
    // Requests that build on each other's answers want all operations.
    if (given.length === 0) codes.push(await run(service.url, ['--phases', 'stateful']));
    code = codes.find((one) => one !== 0) ?? 0;
    count(parts.map((_part, index) => reportOf(index)));
  });
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

/**
 * What `--include-operation-id-regex` takes, by the first word of the path: what one operation makes the others of its kind are
 * then asked for. All in one process would take five times as long.
 */
function partsOf(paths) {
  const parts = new Map();
  for (const [path, operations] of Object.entries(paths)) {
    const kind = path.split('/')[1];
    const ids = Object.values(operations).flatMap(({ operationId }) => operationId ?? []);
    if (ids.every((id) => NOT_TRIED.includes(id))) continue;
    parts.set(kind, [...(parts.get(kind) ?? []), ...ids]);
  }
  return [...parts.values()]
    .sort((one, other) => other.length - one.length)
    .map((ids) => ['--phases', 'examples,coverage,fuzzing', '--include-operation-id-regex', `^(${ids.join('|')})$`]);
}

/** Says what it does when it is done, so that two of them can be read. */
async function run(url, args, report) {
  const config = ['--config-file', join(settings, 'schemathesis.toml'), '--no-color'];
  const kept = report === undefined ? [] : ['--report', 'json', '--report-json-path', report];
  const always = ['--continue-on-failure', '--max-examples', EXAMPLES, '--header', `Authorization: Bearer ${ROOT_KEY}`];
  const all = [...config, 'run', `${url}/openapi.json`, ...always, ...kept, ...args];
  const child = spawn(program, all, { cwd: work, stdio: ['ignore', 'pipe', 'inherit'] });
  const said = [];
  child.stdout.on('data', (chunk) => said.push(chunk));
  const [status] = await once(child, 'close');
  process.stdout.write(Buffer.concat(said));
  return status ?? 1;
}

/** Operations that passed and failed, for whoever adds them up. */
function count(files) {
  const sum = { passed: 0, failed: 0, pending: 0 };
  for (const file of files) {
    const { operations, failures, errors = [] } = JSON.parse(readFileSync(file, 'utf8'));
    const broken = new Set(
      [...failures, ...errors].flatMap((entry) => entry.operations ?? [entry.operation ?? 'unknown']),
    );
    const failed = Math.max(broken.size, operations.errored);
    sum.passed += Math.max(0, operations.tested - failed);
    sum.failed += failed;
    sum.pending += operations.selected - operations.tested;
  }
  if (code !== 0 && sum.failed === 0) sum.failed = 1;
  const { passed, failed, pending } = sum;
  const results = join(root, 'node_modules/.cache/test-results');
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, 'schemathesis.json'), JSON.stringify(sum));
  console.log(`${passed} operations passed, ${failed} failed${pending > 0 ? `, ${pending} not tried` : ''}`);
}
