import { SchedulerRegistry } from '@nestjs/schedule';
import { JobsRepository } from '../../src/persistence/jobs.repository.js';
import { RunsRepository } from '../../src/persistence/runs.repository.js';
import { TZ_EDITION } from '../../src/persistence/tz-edition.js';
import { TzEditionsRepository } from '../../src/persistence/tz-editions.repository.js';
import { Writes } from '../../src/persistence/writes.js';
import { TimeZonesService } from '../../src/scheduling/time-zones.service.js';
import { Api, type Json } from './api.js';

let api: Api;
beforeAll(async () => {
  api = await Api.start();
}, 60_000);
afterAll(() => api?.stop());
beforeEach(async () => {
  await api.reset();
  await api.rows('TRUNCATE tz_editions, audit_log');
});

const at = (time: string): string => `2026-03-${time}:00.000Z`;
const DAILY = {
  schedule: { type: 'cron', expression: '0 9 * * *', timeZone: 'Europe/Paris' },
  target: 'https://example.com/',
};
const MINUTES = 60_000;

function service(): TimeZonesService {
  return new TimeZonesService(
    api.app.get(TzEditionsRepository),
    api.app.get(RunsRepository),
    api.app.get(Writes),
    new SchedulerRegistry(),
    api.messages,
    api.clock,
  );
}

/** As a process with an older edition would have left it. */
async function plant(id: string, occurrence: string | null, more: string = ''): Promise<void> {
  await api.rows(
    `UPDATE job_states SET next_occurrence_at = $2, tz_edition = '2019a', next_run_at = $2 ${more} WHERE job_id = $1`,
    [id, occurrence],
  );
}

async function stands(id: string): Promise<Json> {
  const [row = {}] = await api.rows(
    `SELECT state, next_occurrence_at AS o, next_run_at AS r, tz_edition AS e FROM job_states WHERE job_id = $1`,
    [id],
  );
  const text = (value: Date | null): string | null => value?.toISOString() ?? null;
  return {
    state: row['state'],
    next: text(row['o'] as Date | null),
    run: text(row['r'] as Date | null),
    edition: row['e'],
  };
}

test('every way of writing says which edition computed a due time', async () => {
  const { id } = await api.create({ name: 'a', ...DAILY });
  const { body } = await api.call('POST', '/jobs/bulk', { action: 'create', jobs: [{ name: 'b', ...DAILY }] });
  const other = body['results'][0].id as string;
  const editions = () => api.rows('SELECT DISTINCT tz_edition AS e FROM job_states');
  expect(await editions()).toEqual([{ e: TZ_EDITION }]);
  const clear = () => api.rows(`UPDATE job_states SET tz_edition = NULL`);
  for (const write of [
    () => api.call('PATCH', `/jobs/${id}`, { schedule: { expression: '0 10 * * *' } }),
    () => api.call('POST', '/jobs/bulk', { action: 'pause', ids: [id] }),
    () => api.call('POST', `/jobs/${id}/resume`),
  ]) {
    await clear();
    await write();
    expect((await stands(id))['edition']).toBe(TZ_EDITION);
  }
  await clear();
  api.clock.at = Date.parse(at('03T12:00'));
  await api.plan();
  expect((await stands(other))['edition']).toBe(TZ_EDITION);
});

test('due times of another edition are computed anew, and what moved is listed', async () => {
  const moved = await api.create({ name: 'moved', ...DAILY });
  const same = await api.create({ name: 'same', ...DAILY });
  const paused = await api.create({ name: 'paused', ...DAILY });
  const ours = await api.create({ name: 'ours', ...DAILY });
  await api.call('POST', `/jobs/${paused.id}/pause`, { until: at('20T00:00') });
  await plant(moved.id, at('03T07:00'));
  await plant(same.id, at('03T08:00'));
  await api.rows(`UPDATE job_states SET next_occurrence_at = $2, tz_edition = '2019a' WHERE job_id = $1`, [
    paused.id,
    at('03T09:00'),
  ]);
  await api.rows(`UPDATE job_states SET next_run_at = $2 WHERE job_id = $1`, [ours.id, at('05T08:00')]);
  await api.rows(`INSERT INTO tz_editions (edition, used_at) VALUES ('2019a', $1)`, [at('02T07:00')]);
  expect(await service().pass(TZ_EDITION)).toBe(2);
  const edition = TZ_EDITION;
  expect(await stands(moved.id)).toEqual({ state: 'active', next: at('03T08:00'), run: at('03T08:00'), edition });
  expect(await stands(same.id)).toEqual({ state: 'active', next: at('03T08:00'), run: at('03T08:00'), edition });
  expect(await stands(paused.id)).toEqual({ state: 'paused', next: at('03T08:00'), run: at('20T00:00'), edition });
  // What this edition computed is not looked at.
  expect((await stands(ours.id))['run']).toBe(at('05T08:00'));
  const entries = await api.rows(
    `SELECT actor_type, thing_name, before, after FROM audit_log WHERE action = 'job.moveWithTimeZones'`,
  );
  expect(entries.map((entry) => entry['thing_name']).sort()).toEqual(['moved', 'paused']);
  expect(entries.find((entry) => entry['thing_name'] === 'moved')).toMatchObject({
    actor_type: 'service',
    before: { nextOccurrenceAt: at('03T07:00') },
    after: { nextOccurrenceAt: at('03T08:00'), timeZones: TZ_EDITION },
  });
  expect(api.messages.sent.at(-1)).toEqual({ type: 'jobDue', at: Date.parse(at('03T08:00')) });
  const { body } = await api.call('GET', `/jobs/${moved.id}`);
  expect(body).toMatchObject({ version: 1, nextRunAt: at('03T08:00') });
});

test('where nothing changed nothing is looked at', async () => {
  const { id } = await api.create({ name: 'a', ...DAILY });
  expect(await service().pass(TZ_EDITION)).toBe(0);
  // Had it looked, it would have found this.
  await plant(id, at('03T07:00'));
  api.clock.at += 60 * MINUTES;
  expect(await service().pass(TZ_EDITION)).toBeNull();
  expect((await stands(id))['next']).toBe(at('03T07:00'));
  // Another one was in use since.
  await api.rows(`INSERT INTO tz_editions (edition, used_at) VALUES ('2019a', $1)`, [
    new Date(api.clock.at).toISOString(),
  ]);
  expect(await service().pass(TZ_EDITION)).toBe(1);
});

test('a newer edition that is in use is left to itself', async () => {
  const { id } = await api.create({ name: 'a', ...DAILY });
  await plant(id, at('03T07:00'));
  const now = (): string => new Date(api.clock.at).toISOString();
  await api.rows(`INSERT INTO tz_editions (edition, used_at) VALUES ('9999z', $1)`, [now()]);
  expect(await service().pass(TZ_EDITION)).toBeNull();
  api.clock.at += 16 * MINUTES;
  expect(await service().pass(TZ_EDITION)).toBe(1);
});

test('what was skipped beforehand stays skipped, what is due is left to the planner', async () => {
  const skipped = await api.create({ name: 'skipped', ...DAILY });
  const due = await api.create({ name: 'due', ...DAILY });
  await api.call('POST', `/jobs/${skipped.id}/skip-next`);
  expect((await stands(skipped.id))['next']).toBe(at('04T08:00'));
  await api.rows(`UPDATE job_states SET tz_edition = '2019a'`);
  await plant(due.id, at('02T07:59'));
  expect(await service().pass(TZ_EDITION)).toBe(0);
  expect(await stands(skipped.id)).toMatchObject({ next: at('04T08:00'), edition: TZ_EDITION });
  expect(await stands(due.id)).toMatchObject({ next: at('02T07:59'), edition: '2019a' });
});

test('the last occurrence that came to lie in the past is late, not gone', async () => {
  const once = { type: 'once', at: '2026-03-02T08:30', timeZone: 'Europe/Paris' };
  api.clock.at = Date.parse(at('02T07:00'));
  const { id } = await api.create({ name: 'once', schedule: once, target: DAILY.target });
  await plant(id, at('02T08:30'));
  api.clock.at = Date.parse(at('02T08:00'));
  expect(await service().pass(TZ_EDITION)).toBe(1);
  expect(await stands(id)).toMatchObject({ state: 'active', next: at('02T07:30') });
  await api.plan();
  const job = await api.app.get(JobsRepository).find('00000000-0000-7000-8000-000000000001', id);
  expect(job).toMatchObject({ state: 'completed', runCount: 1 });
});

test('a pass over jobs in batches ends each, and goes on where it was cut off', async () => {
  const jobs = Array.from({ length: 450 }, (_, n) => ({ name: `job ${n}`, ...DAILY }));
  await api.call('POST', '/jobs/bulk', { action: 'create', jobs });
  await api.rows(`UPDATE job_states SET tz_edition = '2019a', next_occurrence_at = $1, next_run_at = $1`, [
    at('03T07:00'),
  ]);
  const first = service();
  first.onModuleDestroy();
  expect(await first.pass(TZ_EDITION)).toBe(0);
  expect(await service().pass(TZ_EDITION)).toBe(450);
  expect(await api.rows(`SELECT DISTINCT tz_edition AS e, next_run_at AS r FROM job_states`)).toEqual([
    { e: TZ_EDITION, r: new Date(at('03T08:00')) },
  ]);
});
