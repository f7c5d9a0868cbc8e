// `npm run test:operations`: what docs/runbook.md says to do, done: backup and restore, PgBouncer, failover. On servers of its own,
// made with the programs of an installed Postgres and PgBouncer; as root on Debian they are installed. Arguments go to Jest.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, isBuilt } from './build.mjs';
import { addReport, noTests } from './jest-report.mjs';

const root = join(import.meta.dirname, '..');
const results = join(root, 'node_modules/.cache/test-results');
const output = join(results, 'operations-jest.json');
const POLICY = '/usr/sbin/policy-rc.d';
/** Found where Debian puts them, or on the PATH, where a client package alone puts no initdb. */
const NEEDED = [
  { program: 'pgbouncer', package: 'pgbouncer', folders: ['/usr/sbin'] },
  { program: 'initdb', package: 'postgresql', folders: versionsOfPostgres() },
];

mkdirSync(results, { recursive: true });
rmSync(output, { force: true });
const counts = noTests();
let passed = false;
const missing = provide();
if (missing.length > 0) {
  counts.failed = 1;
  process.stderr.write(
    `${missing.join(' and ')} can't be had: install them (Debian and Ubuntu: apt-get install ${missing.join(' ')}), then run this again\n`,
  );
} else {
  if (!isBuilt()) await build();
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const args = [
    '--json',
    '--outputFile',
    output,
    '--selectProjects',
    'operations',
    '--maxWorkers=2',
    '--forceExit',
    ...process.argv.slice(2),
  ];
  // The JSON goes to stdout too; people read stderr.
  const { status } = spawnSync(process.execPath, [jest, ...args], {
    cwd: root,
    stdio: ['inherit', 'ignore', 'inherit'],
  });
  passed = status === 0;
  addReport(counts, output, root);
}
// For whoever adds up what passed and failed.
writeFileSync(join(results, 'operations.json'), JSON.stringify(counts));
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
process.exit(passed && counts.failed === 0 && counts.passed > 0 ? 0 : 1);

function versionsOfPostgres() {
  const folder = '/usr/lib/postgresql';
  return existsSync(folder) ? readdirSync(folder).map((version) => join(folder, version, 'bin')) : [];
}

function isThere({ program, folders }) {
  return [...folders, ...(process.env.PATH ?? '').split(':')].some((folder) => existsSync(join(folder, program)));
}

/** The packages that are still missing once all was tried. Their services must not start: policy-rc.d keeps them from it. */
function provide() {
  const lacking = NEEDED.filter((needed) => !isThere(needed));
  if (lacking.length > 0 && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const isOurs = !existsSync(POLICY);
    if (isOurs) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    try {
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
      const options = { env, stdio: ['ignore', 'ignore', 'inherit'] };
      spawnSync('apt-get', ['update', '-q'], options);
      const packages = lacking.map(({ package: name }) => name);
      spawnSync('apt-get', ['install', '-qy', '--no-install-recommends', ...packages], options);
    } finally {
      if (isOurs) rmSync(POLICY, { force: true });
    }
    for (const needed of lacking) if (needed.package === 'postgresql') needed.folders = versionsOfPostgres();
  }
  return lacking.filter((needed) => !isThere(needed)).map(({ package: name }) => name);
}
