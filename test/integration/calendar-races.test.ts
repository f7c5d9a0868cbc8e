import { randomUUID } from 'node:crypto';
import type { Instant } from '../../src/domain/recurrence/schedule.js';
import { CalendarsService } from '../../src/jobs/calendars/calendars.service.js';
import { CalendarsRepository } from '../../src/persistence/calendars.repository.js';
import { Database } from '../../src/persistence/database.js';
import { NO_PRECONDITIONS } from '../../src/domain/preconditions.js';
import { formatInstant } from '../../src/domain/recurrence/instants.js';
import { waitFor } from '../support/wait-for.js';
import { Api } from './api.js';
import { plannerReplica } from './planner-fixture.js';

const PROJECT = '00000000-0000-7000-8000-000000000001';
const DAY_MS = 86_400_000;
/** A Monday. */
const NINE = Date.parse('2026-03-02T09:00:00Z');

let one: Api;
let other: Api;

beforeAll(async () => {
  one = await Api.start();
  other = await Api.start({}, one);
}, 60_000);
afterAll(async () => {
  await other?.stop();
  await one?.stop();
});
beforeEach(async () => {
  await one.reset();
  await one.rows('DELETE FROM calendars');
  other.clock.at = one.clock.at;
});

const day = (instant: Instant): string => formatInstant(instant).slice(0, 10);
const jobOf = (name: string) => ({
  name,
  schedule: { type: 'cron', expression: '0 9 * * *', exclude: ['holidays'] },
  target: 'https://example.com/hook',
});

async function calendar(dates: string[]): Promise<string> {
  const { body } = await one.call('POST', '/calendars', { name: 'holidays', dates });
  return String(body['id']);
}

const waitsForLock = async (): Promise<boolean> =>
  (await one.rows(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`))
    .length > 0;

test('a planner that holds a due job plans by the calendar that was acknowledged; the change waits, and holds from there on', async () => {
  const id = await calendar([]);
  await one.create(jobOf('daily'));
  const database = other.app.get(Database);
  const { planner } = plannerReplica(database);
  let change: Promise<unknown> = Promise.resolve();
  await one.app.get(Database).transaction(async (sql) => {
    // As a planner that has just locked what is due, and is slow.
    await sql.rows({ text: 'SELECT 1 FROM job_states WHERE next_run_at IS NOT NULL FOR NO KEY UPDATE' });
    other.clock.at = NINE + 1;
    change = other.call('PATCH', `/calendars/${id}`, { dates: [day(NINE), day(NINE + DAY_MS)] });
    await waitFor('somebody to wait for a lock', waitsForLock);
    // Nobody sees the new calendar while a planner goes by the old one.
    expect((await one.call('GET', `/calendars/${id}`)).body['version']).toBe(1);
  });
  expect(await change).toMatchObject({ status: 200 });
  // What was due before was planned by the old calendar, by the change itself.
  expect(await one.rows(`SELECT scheduled_for FROM runs`)).toEqual([{ scheduled_for: new Date(NINE) }]);
  expect(await planner.tick(NINE + 1, 1)).toMatchObject({ jobs: 0 });
  expect(await one.rows(`SELECT next_run_at FROM job_states`)).toEqual([{ next_run_at: new Date(NINE + 2 * DAY_MS) }]);
});

test('a job that is made while its calendar changes goes by the new one, or is moved with the others', async () => {
  const id = await calendar([]);
  const repository = other.app.get(CalendarsRepository);
  let create: Promise<{ status: number; body: Record<string, unknown> }> | undefined;
  await other.app.get(Database).transaction(async (sql) => {
    const before = await repository.lock(PROJECT, id, sql);
    if (before === null) throw new Error('no calendar');
    create = one.call('POST', '/jobs', jobOf('late'));
    await waitFor('somebody to wait for a lock', waitsForLock);
    await repository.update({ ...before, dates: [day(NINE)], version: 2 }, sql);
  });
  const { status, body } = (await create) ?? { status: 0, body: {} };
  expect([status, body['nextRunAt']]).toEqual([201, formatInstant(NINE + DAY_MS)]);
});

test('a change meets a job that was begun to be used before it got the lock: it tries again and moves that one too', async () => {
  const id = await calendar([]);
  const service = other.app.get(CalendarsService);
  const input = { name: 'holidays', description: '', timeZone: null, ranges: [], windows: [], rules: [], events: [] };
  let change: Promise<unknown> | undefined;
  await one.app.get(Database).transaction(async (sql) => {
    await one.app.get(CalendarsRepository).share(PROJECT, ['holidays'], sql);
    change = service.change(PROJECT, id, NO_PRECONDITIONS, false, () => ({ ...input, dates: [day(NINE)] }));
    await waitFor('somebody to wait for a lock', waitsForLock);
    // It has seen no user, and waits for the calendar.
    const job = randomUUID();
    await sql.rows(
      {
        text: `INSERT INTO jobs (id, project_id, name, description, labels, schedule, target, retry, overlap, misfire, created_at, updated_at)
               VALUES ($1, $2, 'between', '', '{}', $3, '{}', '{}', 'allow', '{"graceMs": 0}', now(), now())`,
      },
      [job, PROJECT, JSON.stringify({ ...jobOf('').schedule, timeZone: 'UTC' })],
    );
    await sql.rows(
      {
        text: `INSERT INTO job_states (job_id, project_id, state, next_occurrence_at, next_run_at) VALUES ($1, $2, 'active', $3, $3)`,
      },
      [job, PROJECT, formatInstant(NINE)],
    );
  });
  await change;
  expect(await one.rows(`SELECT next_run_at FROM job_states`)).toEqual([{ next_run_at: new Date(NINE + DAY_MS) }]);
});

test('planners, edits and changes of calendars at once: no job stands where its calendar is not, and none deadlocks', async () => {
  const id = await calendar([]);
  const second = String((await one.call('POST', '/calendars', { name: 'second', dates: [] })).body['id']);
  const jobs = await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const exclude =
        index % 3 === 0 ? ['holidays', 'second'] : index % 3 === 1 ? ['second', 'holidays'] : ['holidays'];
      const schedule = { ...jobOf('').schedule, exclude };
      return (await one.create({ ...jobOf(`job ${index}`), schedule })).id;
    }),
  );
  const planners = [one, other].map((api) => plannerReplica(api.app.get(Database)).planner);
  const acknowledged: { at: Instant; id: string; dates: string[] }[] = [];
  for (let round = 0; round < 12; round += 1) {
    const now = NINE + round * DAY_MS;
    one.clock.at = now;
    other.clock.at = now;
    const far = [1, 2, 3].filter((days) => (round + days) % 4 !== 0).map((days) => day(now + days * DAY_MS));
    const answers = await Promise.all([
      one.call('PATCH', `/calendars/${id}`, { dates: far }),
      other.call('PATCH', `/calendars/${second}`, { dates: [day(now + DAY_MS)] }),
      ...planners.map((planner) => planner.tick(now, 1)),
      ...jobs
        .slice(round % 6, (round % 6) + 3)
        .map((job) =>
          other.call('PATCH', `/jobs/${job}`, { schedule: { exclude: ['second', 'holidays'].slice(round % 2) } }),
        ),
      one.call('POST', '/jobs', jobOf(`new ${round}`)),
    ]);
    for (const answer of answers) if ('status' in answer) expect([200, 201]).toContain(answer.status);
    acknowledged.push({ at: now, id, dates: far });
    for (const planner of planners) await planner.tick(now, 1);
    const rows = await one.rows(
      `SELECT j.name, j.schedule->'exclude' AS exclude, t.next_occurrence_at AS next FROM jobs j JOIN job_states t ON t.job_id = j.id`,
    );
    const out: Record<string, string[]> = { holidays: far, second: [day(now + DAY_MS)] };
    for (const { name, exclude, next } of rows) {
      const excluded = (exclude as string[]).flatMap((calendar) => out[calendar] ?? []);
      let expected = now + DAY_MS;
      while (excluded.includes(day(expected))) expected += DAY_MS;
      expect([round, name, next]).toEqual([round, name, new Date(expected)]);
    }
  }
  const doubled = await one.rows(`SELECT job_id FROM runs GROUP BY job_id, scheduled_for HAVING count(*) > 1`);
  expect(doubled).toEqual([]);
}, 60_000);
