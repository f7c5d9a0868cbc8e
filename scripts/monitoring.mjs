// `npm run check:monitoring`: the rules load and fire as their tests say, and every expression of the dashboard can be read, all of
// it by Prometheus's own promtool. Where there is none it is installed if that is possible, and is a failure if not.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../deploy/monitoring');
const HOW =
  'put promtool of Prometheus 2.42 or later on the PATH (Debian: apt-get install --no-install-recommends prometheus)';

if (!hasPromtool()) install();
if (!hasPromtool()) {
  console.error(`the rules were not checked: there is no promtool; ${HOW}`);
  process.exit(1);
}
const checks = [
  run('check', 'rules', '--lint-fatal', join(folder, 'carillon.rules.yml')),
  run('test', 'rules', join(folder, 'carillon.rules.test.yml')),
  checkDashboard(),
];
process.exit(checks.every(Boolean) ? 0 : 1);

function hasPromtool() {
  return spawnSync('promtool', ['--version']).status === 0;
}

/** Only the program is wanted: policy-rc.d keeps the package from starting a server. */
function install() {
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) return;
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['update', '-q'], { stdio: 'inherit', env });
    spawnSync('apt-get', ['install', '-qy', '--no-install-recommends', 'prometheus'], { stdio: 'inherit', env });
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}

function run(...args) {
  return spawnSync('promtool', args, { stdio: 'inherit' }).status === 0;
}

/** As rules, with what Grafana fills in filled in: promtool 2.42 reads no expressions by themselves. */
function checkDashboard() {
  const { panels, annotations } = JSON.parse(readFileSync(join(folder, 'carillon.dashboard.json'), 'utf8'));
  const expressions = [
    ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...annotations.list.map(({ expr }) => expr),
  ];
  const rules = expressions.map((expr, index) => ({
    record: `dashboard:expression:${index}`,
    expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$namespace', '.*'),
  }));
  const temporary = mkdtempSync(join(tmpdir(), 'carillon-monitoring-'));
  try {
    const file = join(temporary, 'dashboard.yml');
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    return run('check', 'rules', file);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
