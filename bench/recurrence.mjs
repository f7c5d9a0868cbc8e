/**
 * Next times per second, against croner in the same run. Run after a build: node bench/recurrence.mjs
 * "Distinct" asks each of many different rules for its own next time; "shared" asks for a slot of jobs that have few
 * rules among them, as the planner does. Each figure is the median of five passes.
 */
import { existsSync } from 'node:fs';
import { Cron } from 'croner';

const folders = ['../dist/domain/recurrence/', '../dist/src/domain/recurrence/'].map(
  (path) => new URL(path, import.meta.url),
);
const engine = folders.find((folder) => existsSync(new URL('recurrence.js', folder)));
if (engine === undefined) {
  console.error('There is no built engine in dist/: build first.');
  process.exit(1);
}
const load = (file) => import(new URL(file, engine).href);
const { compileSchedule } = await load('recurrence.js');
const { SharedNext } = await load('shared-next.js');

const START = Date.UTC(2026, 10, 23);
const PASSES = 5;
const GOAL_SHARED = 1_000_000;
const GOAL_DISTINCT = 25_000;
const ZONES = ['UTC', 'Europe/Paris', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'America/Sao_Paulo'];
const SHAPES = [
  (n) => `${n % 60} ${n % 24} * * *`,
  (n) => `*/${1 + (n % 30)} * * * *`,
  (n) => `${n % 60} 9-17 * * MON-FRI`,
  (n) => `${n % 60} ${n % 24} ${1 + (n % 28)} * *`,
  (n) => `${n % 60} ${n % 60} 2 L * ?`,
  (n) => `${n % 60} 3 * * ${n % 7}#${1 + (n % 4)}`,
];

const rules = Array.from({ length: 3_000 }, (_, n) => ({
  expression: SHAPES[n % SHAPES.length](n),
  timeZone: ZONES[Math.floor(n / SHAPES.length) % ZONES.length],
}));

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function perSecond(count, work) {
  const rates = Array.from({ length: PASSES }, (_, pass) => {
    const startedAt = performance.now();
    work(pass);
    return count / ((performance.now() - startedAt) / 1_000);
  });
  return median(rates);
}

const compiled = rules.map((rule) => compileSchedule({ type: 'cron', ...rule }, 'bench'));
let checksum = 0;

const distinctCount = 300_000;
const distinct = perSecond(distinctCount, (pass) => {
  const at = compiled.map((_, n) => START + pass * 86_400_000 + n);
  for (let n = 0; n < distinctCount; n += 1) {
    const index = n % compiled.length;
    at[index] = compiled[index].next(at[index]);
    checksum += at[index] % 7;
  }
});

const sharedCount = 3_000_000;
const shared = perSecond(sharedCount, (pass) => {
  const slot = new SharedNext();
  const after = START + pass * 60_000;
  for (let n = 0; n < sharedCount; n += 1) checksum += slot.next(compiled[n % 500], after) % 7;
});

const jobs = 10_000;
const compileAndPlan = perSecond(jobs, (pass) => {
  const slot = new SharedNext();
  for (let n = 0; n < jobs; n += 1) {
    const recurrence = compileSchedule({ type: 'cron', ...rules[n % 500] }, `job-${n}`);
    checksum += slot.next(recurrence, START + pass * 60_000) % 7;
  }
});

const crons = rules
  .slice(0, 600)
  .map(({ expression, timeZone }) => new Cron(expression, { timezone: timeZone, paused: true }));
const cronerCount = 3_000;
const croner = perSecond(cronerCount, (pass) => {
  const at = crons.map(() => new Date(START + pass * 86_400_000));
  for (let n = 0; n < cronerCount; n += 1) {
    const index = n % crons.length;
    at[index] = crons[index].nextRun(at[index]);
    checksum += at[index].getTime() % 7;
  }
});

const show = (name, rate, note) =>
  console.log(`${name.padEnd(42)} ${Math.round(rate).toLocaleString('en-US').padStart(12)}/s  ${note}`);
const verdict = (rate, goal) => `${rate >= goal ? 'reaches' : 'MISSES'} the goal of ${goal.toLocaleString('en-US')}/s`;
console.log(`Node ${process.version}, tz ${process.versions.tz}, median of ${PASSES} passes`);
show('croner, distinct (baseline)', croner, '');
show('carillon, distinct', distinct, `${(distinct / croner).toFixed(1)} × croner; ${verdict(distinct, GOAL_DISTINCT)}`);
show('carillon, shared in a slot', shared, `${(shared / croner).toFixed(0)} × croner; ${verdict(shared, GOAL_SHARED)}`);
show(
  'carillon, compile + shared, 500 rules',
  compileAndPlan,
  `10,000 jobs in ${((jobs / compileAndPlan) * 1_000).toFixed(0)} ms`,
);
if (Number.isNaN(checksum)) throw new Error('a rule of the benchmark never fires');
process.exitCode = distinct >= GOAL_DISTINCT && shared >= GOAL_SHARED ? 0 : 1;
