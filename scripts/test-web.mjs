// `npm run test:web`: the dashboard in a real browser on the real service. Debian's Chromium is installed where that is
// allowed; nothing is downloaded otherwise. Arguments are names of test files: `npm run test:web -- access`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { findBrowser } from '../web/test/support.mjs';
import { build, isBuilt } from './build.mjs';
import { buildWeb, isWebStale } from './build-web.mjs';

const root = join(import.meta.dirname, '..');
const results = join(root, 'node_modules/.cache/test-results');
const wanted = process.argv.slice(2);
const total = { passed: 0, failed: 0, pending: 0, failures: [] };

provideBrowser();
if (!isBuilt()) await build();
if (isWebStale()) await buildWeb();
const files = readdirSync(join(root, 'web/test'))
  .filter((name) => name.endsWith('.test.mjs') && (wanted.length === 0 || wanted.some((word) => name.includes(word))))
  .map((name) => join(root, 'web/test', name));
const tests = run({ files, concurrency: 2, timeout: 180_000 });
tests.on('test:pass', ({ name, skip, todo }) => count(name, skip || todo ? 'pending' : 'passed'));
tests.on('test:fail', ({ name }) => {
  count(name, 'failed');
  total.failures.push(`web: ${name}`);
});
tests.compose(new spec()).pipe(process.stdout);
tests.on('end', () => {
  mkdirSync(results, { recursive: true });
  if (files.length === 0 || total.passed + total.failed === 0) total.failed += 1;
  writeFileSync(join(results, 'web.json'), JSON.stringify(total));
  process.on('exit', () => process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`));
  process.exitCode = total.failed > 0 || total.pending > 0 ? 1 : 0;
});

/** Some releases of Node tell of files as of tests. */
function count(name, kind) {
  if (!name.endsWith('.test.mjs')) total[kind] += 1;
  else if (kind === 'failed' && total.failed === 0) total.failed += 1;
}

function provideBrowser() {
  if (findBrowser() !== undefined) return;
  if (process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0) {
    const options = { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
    spawnSync('apt-get', ['update', '-q'], options);
    spawnSync('apt-get', ['install', '-qy', '--no-install-recommends', 'chromium'], options);
  }
  if (findBrowser() !== undefined) return;
  process.stderr.write(
    'no Chromium is here, and only root of a Debian may install it: install it, or set CHROMIUM to one\n',
  );
  process.exit(1);
}
