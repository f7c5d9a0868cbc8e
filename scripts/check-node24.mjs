// `npm run check:node24`: the engine gives the same next times on this Node and on Node 24, wherever the process's clock stands.
// Each answers test/unit/recurrence/corpus/next.json, which it must do as written there, and some hundred rules in the
// zones of scripts/node24/answers.mjs. Where the two know a zone by different editions of the tz database, what they answer there is
// shown and not compared. Node 24 comes by npm, at a pinned version, into node_modules/.cache; NODE24=/path/to/node is taken
// instead.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build, isBuilt } from './build.mjs';

const VERSION = '24.22.3';
const PROCESS_ZONES = ['UTC', 'Australia/Sydney', 'America/New_York'];
const root = join(import.meta.dirname, '..');

const node24 = process.env.NODE24 ?? fetchNode24();
if (!isBuilt()) await build();
const answers = [process.execPath, node24].flatMap((node) => PROCESS_ZONES.map((zone) => answersOf(node, zone)));
const [here] = answers;
const there = answers[PROCESS_ZONES.length];
if (!there.node.startsWith('v24.')) fail(`${node24} is Node ${there.node}, not 24`);

const problems = answers.flatMap(({ node, zone, faults }) => faults.map((fault) => `${node} in ${zone}: ${fault}`));
const excused = new Set();
for (const other of answers.slice(1)) {
  for (const [name, answer] of Object.entries(here.found)) {
    const theirs = other.found[name];
    if (answer.at.join() === theirs?.at.join()) continue;
    if (other.tz !== here.tz && answer.offsets !== theirs?.offsets) excused.add(name);
    else
      problems.push(
        `${other.node} in ${other.zone}: ${name} gives ${theirs?.at[0]}, ${here.node} gives ${answer.at[0]}`,
      );
  }
}
for (const name of excused) console.log(`tz ${here.tz} and ${there.tz} differ: ${name}`);
for (const problem of problems.slice(0, 50)) console.error(problem);
console.log(
  `check:node24: ${here.node} (tz ${here.tz}) and ${there.node} (tz ${there.tz}) in ${PROCESS_ZONES.join(', ')}: ` +
    `${here.corpus} cases of the corpus, ${Object.keys(here.found).length - here.corpus} other rules, ` +
    `${excused.size} differ by their tz data, ${problems.length} problems`,
);
process.exit(problems.length === 0 ? 0 : 1);

function answersOf(node, zone) {
  const { status, stdout, stderr } = spawnSync(node, [join(root, 'scripts/node24/answers.mjs')], {
    cwd: root,
    env: { ...process.env, TZ: zone },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) fail(`${node} in ${zone} gave no answers: ${stderr}`);
  return { zone, ...JSON.parse(stdout) };
}

function fetchNode24() {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(root, 'node_modules/.cache/node24', VERSION);
  const program = join(folder, 'node_modules', name, 'bin/node');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const { status } = spawnSync(
    'npm',
    ['install', '--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${VERSION}`],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  if (status !== 0 || !existsSync(program)) {
    fail(`Node 24 did not come as ${name}@${VERSION}; NODE24=/path/to/node names one that is there`);
  }
  return program;
}

function fail(reason) {
  console.error(`check:node24: ${reason}`);
  process.exit(1);
}
