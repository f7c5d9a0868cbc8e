// One preview in a new process: the widest schedule that a request can carry, 1,000 occurrences of 20 rules in 20 zones.
// Prints its milliseconds. Usage: node bench/support/first-preview.mjs <form> [warmed]
import { parseSchedule } from '../../dist/domain/recurrence/parse-schedule.js';
import { previewSchedule } from '../../dist/domain/recurrence/preview.js';
import { warmUpRecurrence } from '../../dist/domain/recurrence/warm-up.js';

const NOW = Date.UTC(2026, 10, 23);
const COUNT = 1_000;
const ZONES = [
  'Europe/Paris America/New_York Asia/Tokyo Australia/Sydney Europe/London America/Los_Angeles Asia/Kolkata Africa/Cairo',
  'America/Sao_Paulo Pacific/Auckland Europe/Berlin Asia/Shanghai America/Chicago Australia/Lord_Howe Asia/Kathmandu',
  'Europe/Madrid America/Denver Asia/Tehran Pacific/Apia Africa/Casablanca',
].flatMap((line) => line.split(' '));
const startAt = '2026-01-01T00:00';
export const FORMS = {
  'every minute': (n) => ({ type: 'cron', expression: `${n} * * * * *` }),
  daily: (n) => ({ type: 'cron', expression: `${n} 9 * * *` }),
  monthly: (n) => ({ type: 'cron', expression: `${n} 9 1 * *` }),
  yearly: (n) => ({ type: 'cron', expression: `${n} 9 1 ${1 + (n % 12)} *` }),
  'leap days': (n) => ({ type: 'cron', expression: `${n} 9 29 2 *` }),
  'rrule, daily': (n) => ({ type: 'rrule', startAt, rule: `FREQ=DAILY;BYHOUR=${n}` }),
  'rrule, by position': (n) => ({
    type: 'rrule',
    startAt,
    rule: `FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-${n + 1},${n + 1};BYMONTH=3,6,9`,
  }),
};

const [form, warmed] = process.argv.slice(2);
if (form in FORMS) {
  if (warmed === 'warmed') warmUpRecurrence(NOW);
  const startedMs = performance.now();
  const parsed = parseSchedule({ anyOf: ZONES.map((timeZone, n) => ({ ...FORMS[form](n), timeZone })) }, { now: NOW });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { occurrences } = previewSchedule(parsed.schedule, { seed: '', from: NOW, count: COUNT });
  const ms = performance.now() - startedMs;
  if (occurrences.length !== COUNT) throw new Error(`${occurrences.length} occurrences`);
  console.log(ms);
}
