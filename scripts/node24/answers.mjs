// What the built engine answers on the Node that runs this, as JSON: the corpus of next times with what is wrong in it, and
// rules around clock changes. Beside each answer stand the offsets that Intl has of the zone, so that tz data can be told apart.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSchedule } from '../../dist/domain/recurrence/parse-schedule.js';
import { compileSchedule } from '../../dist/domain/recurrence/recurrence.js';

const corpus = JSON.parse(readFileSync(join(import.meta.dirname, '../../test/unit/recurrence/corpus/next.json')));
const ZONES = [
  ...[
    'UTC',
    'Europe/Paris',
    'America/New_York',
    'Australia/Lord_Howe',
    'America/Sao_Paulo',
    'Asia/Beirut',
    'Asia/Gaza',
  ],
  ...['Africa/Casablanca', 'Africa/Cairo', 'Antarctica/Troll', 'Pacific/Apia', 'Asia/Tehran', 'America/Caracas'],
];
const FROM = [
  '1969-09-28T00:00:00Z',
  '2011-12-28T00:00:00Z',
  '2018-10-28T00:00:00Z',
  '2026-03-01T00:00:00Z',
  '2090-09-01T00:00:00Z',
];
const RULES = [
  ...['30 2 * * *', '15 0 * * *', '*/20 0-3 * * SUN', '30 1 L * ?', '0 0 ? 3,10,11 0L'].map((expression) => {
    return { type: 'cron', expression };
  }),
  { type: 'interval', every: 'P1M', anchorAt: '1965-01-31T02:30:00Z' },
  { type: 'interval', every: 'P2W', anchorAt: '1966-03-06T00:30:00Z' },
  { type: 'rrule', rule: 'FREQ=WEEKLY;BYDAY=SU;BYHOUR=0,1,2;BYMINUTE=30', startAt: '1967-01-01T00:00:00' },
  { type: 'rrule', rule: 'FREQ=MONTHLY;BYDAY=-1SU;BYSETPOS=1', startAt: '1967-01-01T02:30:00' },
];
const POLICIES = [undefined, { gap: 'skip', overlap: 'both' }];
const COUNT = 12;
/** Longer than these take for so many. */
const COMPARED_DAYS = 1_200;
const known = new Map();

const found = {};
const faults = [];
for (const { id, kind, expression, timeZone, anchorAt, startAt, after, expect } of corpus) {
  const own = { cron: { expression }, rrule: { rule: expression, startAt }, interval: { every: expression, anchorAt } };
  const at = nextTimes({ type: kind, ...own[kind], timeZone }, after, Math.max(1, expect.length));
  const expected = expect.map((text) => new Date(text).toISOString());
  if (at.join() !== expected.join()) faults.push(`${id} gives ${at.join(' ')}, expected ${expected.join(' ')}`);
  found[id] = { at, offsets: offsetsOf(timeZone, after) };
}
for (const timeZone of ZONES) {
  for (const from of FROM) {
    for (const rule of RULES) {
      for (const dst of POLICIES) {
        const schedule = { ...rule, timeZone, ...(dst && { dst }) };
        const at = nextTimes(schedule, from, COUNT);
        found[`${JSON.stringify(schedule)} after ${from}`] = { at, offsets: offsetsOf(timeZone, from) };
      }
    }
  }
}
process.stdout.write(
  JSON.stringify({ node: process.version, tz: process.versions.tz, corpus: corpus.length, faults, found }),
);

function nextTimes(schedule, after, count) {
  const parsed = parseSchedule(schedule, { now: Date.UTC(2026, 10, 23) });
  if (!parsed.ok) return [JSON.stringify(parsed.problems)];
  const recurrence = compileSchedule(parsed.schedule, 'seed');
  const times = [];
  for (let at = recurrence.next(Date.parse(after)); at !== null; at = recurrence.next(at)) {
    times.push(new Date(at).toISOString());
    if (times.length === count) break;
  }
  return times;
}

/** Intl's offsets on each day from an instant on, as the days at which they become others: whatever the engine answered. */
function offsetsOf(timeZone, from) {
  const key = `${timeZone} ${from}`;
  if (known.has(key)) return known.get(key);
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
  const changes = [];
  let before = '';
  for (let day = -1; day < COMPARED_DAYS; day += 1) {
    const offset = format.format(Date.parse(from) + day * 86_400_000).split('GMT')[1];
    if (offset !== before) changes.push(`${day}:${offset}`);
    before = offset;
  }
  known.set(key, changes.join(' '));
  return known.get(key);
}
