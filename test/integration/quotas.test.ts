import { GuardedApi, inProject, ROOT } from './access-fixture.js';
import type { Json } from './api.js';

let api: GuardedApi;
let other: GuardedApi;
let made = 0;

beforeAll(async () => {
  api = await GuardedApi.start();
  other = await api.replica();
}, 60_000);

afterAll(async () => {
  await other?.stop();
  await api?.stop();
});

interface Tenant {
  readonly id: string;
  readonly key: string;
  create(settings?: Json, through?: GuardedApi): ReturnType<GuardedApi['call']>;
}

async function tenant(quotas: Json): Promise<Tenant> {
  const name = `tenant-${(made += 1)}`;
  const { id } = (await api.must(201, ROOT, 'POST', '/projects', { name, quotas })) as { id: string };
  const { key } = await api.key(name, 'admin');
  return {
    ...{ id, key },
    create: (settings = {}, through = api) =>
      through.call(key, 'POST', '/jobs', {
        ...{ name: `job-${(made += 1)}`, schedule: '0 9 * * *', target: 'https://example.com/' },
        ...settings,
      }),
  };
}

const useOf = async ({ id, key }: Tenant): Promise<Json> => (await api.must(200, key, 'GET', `/projects/${id}`))['use'];

const refusal = (pointer: string, code: string, detail: RegExp) => ({
  status: 422,
  body: { code: 'quota_exceeded', errors: [{ pointer, code, detail: expect.stringMatching(detail) }] },
});

describe('jobs', () => {
  it('are refused beyond the quota, with its use, and a deleted one makes room', async () => {
    const small = await tenant({ jobs: 2 });
    const first = await small.create();
    expect([first.status, (await small.create()).status]).toEqual([201, 201]);
    expect(await small.create()).toMatchObject(refusal('', 'jobs', /^2 of 2 jobs are there/));
    expect(await useOf(small)).toMatchObject({ jobs: 2 });
    await api.must(204, small.key, 'DELETE', `/jobs/${first.body['id']}`);
    expect(await useOf(small)).toMatchObject({ jobs: 1 });
    expect((await small.create()).status).toBe(201);
  });

  it('never pass both where there is room for one, on any replica', async () => {
    const small = await tenant({ jobs: 10 });
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => small.create({}, index % 2 ? api : other)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 422)).toHaveLength(30);
    expect(await useOf(small)).toMatchObject({ jobs: 10 });
  });

  it('are counted in every statement, and those of a transaction that was rolled back are not', async () => {
    const small = await tenant({ jobs: 100 });
    const copy = `
      INSERT INTO jobs (id, project_id, name, description, labels, schedule, target, retry, overlap, misfire, created_at, updated_at)
      SELECT gen_random_uuid(), project_id, gen_random_uuid()::text, description, labels, schedule, target, retry, overlap, misfire,
             created_at, updated_at
      FROM jobs, generate_series(1, $2::int) AS n WHERE project_id = $1`;
    await small.create();
    await api.rows(copy, [small.id, 98]);
    expect(await useOf(small)).toMatchObject({ jobs: 99 });
    await expect(api.rows(copy, [small.id, 1])).rejects.toThrow('quota exceeded');
    expect(await useOf(small)).toMatchObject({ jobs: 99 });
    await api.rows('DELETE FROM jobs WHERE project_id = $1', [small.id]);
    expect(await useOf(small)).toEqual({ jobs: 0, firesPerMinute: 0, concurrentRuns: 0 });
  });

  it('are as many as one likes without a quota, and counted', async () => {
    const free = await tenant({});
    const answers = await Promise.all(Array.from({ length: 30 }, () => free.create({ schedule: 'PT1S' })));
    expect(answers.every(({ status }) => status === 201)).toBe(true);
    expect(await useOf(free)).toMatchObject({ jobs: 30, firesPerMinute: 1_800 });
  });

  it('stay when the quota is lowered, and can be changed', async () => {
    const small = await tenant({ jobs: 2 });
    const { body } = await small.create();
    await small.create();
    await api.must(200, ROOT, 'PATCH', `/projects/${small.id}`, { quotas: { jobs: 1 } });
    await api.must(200, small.key, 'PATCH', `/jobs/${body['id']}`, { description: 'changed', schedule: 'PT1H' });
    expect(await small.create()).toMatchObject(refusal('', 'jobs', /^2 of 1 jobs are there/));
  });
});

describe('fires a minute', () => {
  it('are summed over the jobs by their schedules', async () => {
    const small = await tenant({ firesPerMinute: 2.5 });
    const { body: job } = await small.create({ schedule: 'PT30S' });
    expect(await useOf(small)).toMatchObject({ firesPerMinute: 2 });
    expect(await small.create({ schedule: '* * * * *' })).toMatchObject(
      refusal('/schedule', 'firesPerMinute', /^2 of 2\.5 fires a minute are taken, 1 more/),
    );
    expect((await small.create({ schedule: '2036-01-01T00:00:00Z' })).status).toBe(201);
    const url = `/jobs/${job['id']}`;
    expect(await api.call(small.key, 'PATCH', url, { schedule: 'PT20S' })).toMatchObject(
      refusal('/schedule', 'firesPerMinute', /^2 of 2\.5 .* 1 more/),
    );
    await api.must(200, small.key, 'PATCH', url, { schedule: 'PT1M' });
    expect((await small.create({ schedule: '* * * * *' })).status).toBe(201);
    await api.must(200, small.key, 'POST', `${url}/pause`);
    expect(await useOf(small)).toMatchObject({ firesPerMinute: 2 });
    await api.must(204, small.key, 'DELETE', url);
    expect(await useOf(small)).toMatchObject({ jobs: 2, firesPerMinute: 1 });
  });
});

describe('a set of jobs', () => {
  const job = (name: string, schedule: string) => ({ name, schedule, target: 'https://example.com/' });
  const put = (small: Tenant, jobs: object[]) =>
    api.call(small.key, 'PUT', `/projects/${small.id}/jobs?prune=true`, { jobs });

  it('is refused as a whole when it has no room, and counted as what it leaves behind', async () => {
    const small = await tenant({ jobs: 2, firesPerMinute: 3 });
    expect((await put(small, [job('a', 'PT1M'), job('b', 'PT30S')])).status).toBe(200);
    expect(await put(small, [job('a', 'PT1M'), job('b', 'PT30S'), job('c', 'P1D')])).toMatchObject(
      refusal('', 'jobs', /^2 of 2 jobs are there, 1 more/),
    );
    expect(await useOf(small)).toMatchObject({ jobs: 2, firesPerMinute: 3 });
    // Each gives up what another takes.
    expect((await put(small, [job('a', 'PT30S'), job('b', 'PT1M')])).status).toBe(200);
    expect((await put(small, [job('a', 'PT2M'), job('c', 'PT30S')])).status).toBe(200);
    expect(await useOf(small)).toMatchObject({ jobs: 2, firesPerMinute: 2.5 });
  });
});

describe('the least interval', () => {
  it('holds for new jobs and new schedules', async () => {
    const small = await tenant({ leastInterval: '5m' });
    expect(await small.create({ schedule: 'PT1M' })).toMatchObject(
      refusal('/schedule', 'leastInterval', /^two occurrences may be PT1M apart, and no less than PT5M is allowed/),
    );
    expect(await small.create({ schedule: '0,58 8,9 * * *' })).toMatchObject(
      refusal('/schedule', 'leastInterval', /may be PT2M apart/),
    );
    const { body } = await small.create({ schedule: '*/5 * * * *' });
    expect((await api.call(small.key, 'PATCH', `/jobs/${body['id']}`, { schedule: 'PT299S' })).status).toBe(422);
    const put = (schedule: string) =>
      api.call(small.key, 'PUT', '/jobs/by-name/by-name', { schedule, target: 'https://example.com/' });
    expect([(await put('PT1S')).status, (await put('PT5M')).status, (await put('PT1S')).status]).toEqual([
      422, 201, 422,
    ]);
  });

  it('leaves jobs alone that were there before', async () => {
    const small = await tenant({});
    const { body } = await small.create({ schedule: 'PT1M' });
    await api.must(200, ROOT, 'PATCH', `/projects/${small.id}`, { quotas: { leastInterval: 'PT5M' } });
    await api.must(200, small.key, 'PATCH', `/jobs/${body['id']}`, { description: 'changed' });
    expect((await api.call(small.key, 'PATCH', `/jobs/${body['id']}`, { schedule: 'PT2M' })).status).toBe(422);
  });
});

describe('quotas', () => {
  it('are set by the root key alone, shown to admins, and null again when they are patched away', async () => {
    const small = await tenant({ jobs: 5, concurrentRuns: 3 });
    const url = `/projects/${small.id}`;
    const none = { jobs: null, firesPerMinute: null, concurrentRuns: null, leastInterval: null };
    expect(await api.must(200, small.key, 'GET', url)).toMatchObject({
      quotas: { ...none, jobs: 5, concurrentRuns: 3 },
      use: { jobs: 0, firesPerMinute: 0, concurrentRuns: 0 },
    });
    expect((await api.call(small.key, 'PATCH', url, { quotas: { jobs: 50 } })).status).toBe(403);
    const quotas = { jobs: null, leastInterval: '90s', firesPerMinute: 1.5 };
    expect(await api.must(200, ROOT, 'PATCH', url, { quotas })).toMatchObject({
      quotas: { jobs: null, firesPerMinute: 1.5, concurrentRuns: 3, leastInterval: 'PT1M30S' },
      rateLimits: { perKey: null, total: null },
    });
  });

  it('hold for the root key too when it acts in the project', async () => {
    const small = await tenant({ jobs: 0 });
    const body = { name: 'a', schedule: 'PT1H', target: 'https://example.com/' };
    expect((await api.call(ROOT, 'POST', '/jobs', body, inProject(small.id))).status).toBe(422);
  });
});
