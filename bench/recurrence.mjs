// Next times per second, by turns with croner. "Distinct" asks each of many different rules for its own next time; "shared" asks
// for a slot of jobs that have few rules among them, as the planner does. Previews are the first of new processes.
// Usage: node bench/recurrence.mjs [--repeat 5] [--quick] [--json]
import { execFileSync } from 'node:child_process';
import { Cron } from 'croner';
import { planJob } from '../dist/domain/planning/plan.js';
import { compileSchedule } from '../dist/domain/recurrence/recurrence.js';
import { SharedNext } from '../dist/domain/recurrence/shared-next.js';
import { FORMS } from './support/first-preview.mjs';
import { numberOption } from './support/options.mjs';
import { against, atLeast, below, none, progress, QUICK, report } from './support/report.mjs';
import { median } from './support/statistics.mjs';

const REPEAT = numberOption('repeat', QUICK ? 3 : 5);
const START = Date.UTC(2026, 10, 23);
const DAY_MS = 86_400_000;
const SHARE = QUICK ? 0.1 : 1;
const GOALS = { shared: 1_000_000, distinct: 25_000, slotCpuMs: 250, previewMs: 50 };
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
const compiled = rules.map((rule) => compileSchedule({ type: 'cron', ...rule }, 'bench'));
const crons = rules
  .slice(0, 600)
  .map(({ expression, timeZone }) => new Cron(expression, { timezone: timeZone, paused: true }));
const MISFIRE = { policy: 'runLast', graceMs: 10_000, withinMs: 3_600_000, limit: 100 };
const JOB = {
  overlap: 'allow',
  misfire: MISFIRE,
  pausedAt: null,
  resumedAt: null,
  scheduledRunCount: 0,
  occurrenceEdits: null,
};
const NOTHING_OPEN = { active: 0, held: 0 };
let checksum = 0; // so that nothing of the work can be left out

const works = {
  distinct: {
    count: 300_000 * SHARE,
    run(count, pass) {
      const at = compiled.map((_, n) => START + pass * DAY_MS + n);
      for (let n = 0; n < count; n += 1) {
        const index = n % compiled.length;
        at[index] = compiled[index].next(at[index]);
        checksum += at[index] % 7;
      }
    },
  },
  croner: {
    count: 3_000 * SHARE,
    run(count, pass) {
      const at = crons.map(() => new Date(START + pass * DAY_MS));
      for (let n = 0; n < count; n += 1) {
        const index = n % crons.length;
        at[index] = crons[index].nextRun(at[index]);
        checksum += at[index].getTime() % 7;
      }
    },
  },
  shared: {
    count: 3_000_000 * SHARE,
    run(count, pass) {
      const slot = new SharedNext();
      const after = START + pass * 60_000;
      for (let n = 0; n < count; n += 1) checksum += slot.next(compiled[n % 500], after) % 7;
    },
  },
  planned: {
    count: 10_000,
    run(count, pass) {
      const slot = new SharedNext();
      for (let n = 0; n < count; n += 1) {
        const recurrence = compileSchedule({ type: 'cron', ...rules[n % 500] }, `job-${n}`);
        checksum += slot.next(recurrence, START + pass * 60_000) % 7;
      }
    },
  },
};

/** Processor time to decide a slot of 10,000 jobs with 500 rules among them, as the planner does: the statements are not in it. */
function slotCpuMs(pass) {
  const now = START + pass * DAY_MS;
  const before = process.cpuUsage();
  const slot = new SharedNext();
  const next = (recurrence, after) => slot.next(recurrence, after);
  for (let n = 0; n < 10_000; n += 1) {
    const schedule = { type: 'cron', ...rules[n % 500] };
    const recurrence = compileSchedule(schedule, `job-${n}`);
    const plan = planJob({ ...JOB, schedule, nextOccurrenceAt: now }, recurrence, {
      now,
      open: NOTHING_OPEN,
      limit: 200,
      next,
    });
    checksum += plan.nextRunAt % 7;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** Milliseconds of the first preview in a process, of the form of schedule that takes longest, median of the passes. */
function slowestFirstPreview(warmed) {
  const script = new URL('support/first-preview.mjs', import.meta.url).pathname;
  const first = (form) => Number(execFileSync(process.execPath, [script, form, warmed], { encoding: 'utf8' }));
  const medians = Object.keys(FORMS).map((form) => {
    progress(`first previews, ${form}, ${warmed === 'warmed' ? '' : 'not '}warmed up`);
    return median(Array.from({ length: REPEAT }, () => first(form)));
  });
  return Math.max(...medians);
}

const slots = [];
const rates = Object.fromEntries(Object.keys(works).map((name) => [name, []]));
for (let pass = 0; pass < REPEAT; pass += 1) {
  for (const [name, { count, run }] of Object.entries(works)) {
    const startedMs = performance.now();
    run(count, pass);
    rates[name].push(count / ((performance.now() - startedMs) / 1_000));
  }
  slots.push(slotCpuMs(pass));
  progress(`pass ${pass + 1} of ${REPEAT}`);
}

const rate = (name) => median(rates[name]);
const croner = (row) => against(row, 'croner, distinct', rate('croner'));
report(`Next times, tz ${process.versions.tz}, median of ${REPEAT} passes by turns`, [
  croner(atLeast('distinct', rate('distinct'), '/s', GOALS.distinct)),
  croner(atLeast('shared in a slot', rate('shared'), '/s', GOALS.shared)),
  croner({ figure: 'rules compiled, 500 among 10,000 jobs', value: rate('planned'), unit: '/s' }),
  below('planning a slot: 10,000 jobs, 500 rules', median(slots), 'ms CPU', GOALS.slotCpuMs),
  against(
    below(
      'first preview: 1,000 occurrences of 20 rules in 20 zones',
      slowestFirstPreview('warmed'),
      'ms',
      GOALS.previewMs,
    ),
    'without the warm-up',
    slowestFirstPreview('not'),
  ),
  none('rules that never fire', Number.isNaN(checksum) ? 1 : 0),
  none('next times that are not those of croner', countDifferences()),
]);

/** Over the rules that croner reads as we do: from an instant without a clock change on the way. */
function countDifferences() {
  const after = Date.UTC(2026, 10, 23, 12);
  return crons.filter((cron, n) => {
    const theirs = cron.nextRun(new Date(after)).getTime();
    return theirs - after < 30 * DAY_MS && compiled[n].next(after) !== theirs;
  }).length;
}
