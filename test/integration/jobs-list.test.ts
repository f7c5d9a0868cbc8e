import { Api, type Json } from './api.js';

let api: Api;
beforeAll(async () => {
  api = await Api.start();
});
afterAll(() => api.stop());

const SORTS = ['name', '-name', 'nextRunAt', '-nextRunAt', 'createdAt', '-createdAt'];

/** All rows of a list, page by page; the links lead on as the cursors do. */
async function walk(path: string): Promise<{ rows: Json[]; pages: number }> {
  const rows: Json[] = [];
  let url = path;
  for (let pages = 1; ; pages += 1) {
    const { status, body, headers } = await api.call('GET', url);
    if (status !== 200) throw new Error(JSON.stringify(body));
    rows.push(...(body['data'] as Json[]));
    const cursor = body['page'].nextCursor as string | null;
    const link = /^<(.+)>; rel="next"$/.exec((headers['link'] as string | undefined) ?? '')?.[1];
    if (cursor === null) {
      expect(link).toBeUndefined();
      return { rows, pages };
    }
    expect(new URL(link ?? '', 'http://x').searchParams.get('cursor')).toBe(cursor);
    url = link ?? '';
  }
}

describe('sixty jobs', () => {
  let jobs: Json[];

  beforeAll(async () => {
    await api.reset();
    const names = Array.from(
      { length: 60 },
      (_, index) => `${'zażółć gęślą JAŹŃ 100%_\\ x'.charAt(index % 25).trim()}job ${(index * 37) % 60}`,
    );
    for (const [index, name] of names.entries()) {
      if (index % 3 === 0) api.clock.at += 1_000;
      await api.create({
        name,
        description: index % 7 === 0 ? 'Sends 100%_of\\it' : '',
        labels: { team: index % 2 === 0 ? 'red' : 'blue', ...(index % 5 === 0 && { tier: 'a:b' }) },
        schedule: index % 4 === 0 ? '0 9 * * *' : `${index} 9 * * *`,
        target: `https://${index % 6 === 0 ? 'Search' : 'example'}.example.com/${index}`,
      });
    }
    await api.rows(`UPDATE job_states SET state = 'paused', next_run_at = CASE WHEN random() < 0.5 THEN now() END
                    WHERE job_id IN (SELECT id FROM jobs WHERE name LIKE '%1')`);
    await api.rows(`UPDATE job_states SET state = 'completed', next_run_at = NULL, next_occurrence_at = NULL
                    WHERE job_id IN (SELECT id FROM jobs WHERE name LIKE '%2')`);
    jobs = (await api.call('GET', '/jobs?limit=200')).body['data'] as Json[];
    expect(jobs).toHaveLength(60);
  });

  const text = (job: Json): string => `${job['name']} ${job['description']} ${job['target'].url}`.toLowerCase();
  const FILTERS: [string, (job: Json) => boolean][] = [
    ['', () => true],
    ['&state=active', (job) => job['state'] === 'active'],
    ['&state=paused', (job) => job['state'] === 'paused'],
    ['&state=completed', (job) => job['state'] === 'completed'],
    ['&label=team:red', (job) => job['labels'].team === 'red'],
    ['&label=team:red&label=tier:a:b', (job) => job['labels'].team === 'red' && job['labels'].tier === 'a:b'],
    ['&label=team:red&label=team:blue', () => false],
    ['&label=team:', () => false],
    ['&q=search.EXAMPLE', (job) => text(job).includes('search.example')],
    ['&q=JOB%202', (job) => text(job).includes('job 2')],
    ['&q=%25_', (job) => text(job).includes('%_')],
    ['&q=%5C', (job) => text(job).includes('\\')],
    ['&q=j', (job) => text(job).includes('j')],
    ['&q=nothing-like-it', () => false],
    ['&q=job&state=paused&label=team:blue', (job) => job['state'] === 'paused' && job['labels'].team === 'blue'],
  ];

  test.each(SORTS.flatMap((sort) => FILTERS.map(([filter, accepts]) => [sort, filter, accepts] as const)))(
    'sorted by %s, filtered by "%s": every page, each row once, in order',
    async (sort, filter, accepts) => {
      const { rows } = await walk(`/jobs?limit=7&sort=${sort}${filter}`);
      const ids = (list: readonly Json[]): string[] => list.map((job) => job['id'] as string);
      expect(ids(rows).sort()).toEqual(ids(jobs.filter(accepts)).sort());
      if (sort.endsWith('name')) return; // the database's collation decides; the next test looks at it
      const sign = sort.startsWith('-') ? -1 : 1;
      const key = (job: Json): string => (job[sort.replace('-', '')] as string | null) ?? '';
      const expected = [...rows].sort((one, other) => {
        if ((key(one) === '') !== (key(other) === '')) return key(one) === '' ? 1 : -1;
        return sign * (compare(key(one), key(other)) || compare(one['id'] as string, other['id'] as string));
      });
      expect(ids(rows)).toEqual(ids(expected));
    },
  );

  test.each(['', '-'])('by name %s as the database sorts', async (direction) => {
    const names = (await walk(`/jobs?limit=11&sort=${direction}name`)).rows.map((job) => job['name'] as string);
    const sorted = await api.rows(`SELECT name FROM jobs ORDER BY name ${direction === '-' ? 'DESC' : 'ASC'}`);
    expect(names).toEqual(sorted.map((row) => row['name']));
  });

  test('a cursor belongs to its list', async () => {
    const cursorOf = async (path: string): Promise<string> =>
      (await api.call('GET', path)).body['page'].nextCursor as string;
    const cursor = await cursorOf('/jobs?limit=5&sort=name');
    expect((await api.call('GET', `/jobs?limit=9&sort=name&cursor=${cursor}`)).status).toBe(200);
    for (const other of [
      'sort=-name',
      'sort=name&state=active',
      'sort=name&label=a:b',
      'sort=name&q=x',
      'sort=createdAt',
    ]) {
      const { status, body } = await api.call('GET', `/jobs?${other}&cursor=${cursor}`);
      expect([status, body['errors'][0]]).toMatchObject([400, { pointer: '/cursor', code: 'invalid_cursor' }]);
    }
    expect((await api.call('GET', `/runs?cursor=${cursor}`)).status).toBe(400);
  });

  test('a page stays in place while jobs come and go before it', async () => {
    const first = await api.call('GET', '/jobs?limit=5&sort=createdAt');
    const second = await api.call('GET', `/jobs?limit=5&sort=createdAt&cursor=${first.body['page'].nextCursor}`);
    await api.call('DELETE', `/jobs/${first.body['data'][4].id}`);
    const again = await api.call('GET', `/jobs?limit=5&sort=createdAt&cursor=${first.body['page'].nextCursor}`);
    expect(again.body).toEqual(second.body);
  });
});

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

describe('forty thousand jobs', () => {
  beforeAll(async () => {
    await api.reset();
    await api.rows(`
      INSERT INTO jobs (id, project_id, name, description, labels, schedule, target, retry, overlap, misfire, created_at, updated_at)
      SELECT (lpad(to_hex(1760000000000 + i), 12, '0') || '7000' || '8' || lpad(to_hex(i), 15, '0'))::uuid,
             '00000000-0000-7000-8000-000000000001', 'job-' || i, CASE WHEN i < 12000 THEN 'legacy' WHEN i % 8000 = 7999 THEN 'needle zq' ELSE '' END,
             CASE WHEN i % 2 = 0 THEN '{"even":"yes"}'::jsonb ELSE '{}' END, '{"type":"cron","expression":"0 9 * * *","timeZone":"UTC"}',
             '{"type":"http","method":"POST","url":"https://a.b","headers":{},"timeoutMs":1,"success":{"statuses":["2xx"]}}',
             '{"maxAttempts":3,"backoff":"fixed","initialDelayMs":1,"maxDelayMs":1,"maxElapsedMs":1}', 'allow',
             '{"policy":"skip","graceMs":1,"withinMs":1,"limit":1}', to_timestamp(1760000000 + i * 0.001), now()
      FROM generate_series(0, 39999) AS i`);
    await api.rows(`
      INSERT INTO job_states (job_id, project_id, state, next_occurrence_at, next_run_at)
      SELECT id, project_id, CASE WHEN description = 'legacy' THEN 'completed' ELSE 'active' END,
             CASE WHEN description = '' THEN created_at + interval '1 year' END, CASE WHEN description = '' THEN created_at + interval '1 year' END
      FROM jobs`);
    await api.rows('ANALYZE');
  }, 120_000);

  test.each([
    ['q=needle', 4],
    ['q=needle&state=active&label=even:no', 0],
    ['q=nowhere', 0],
  ])('what is rare comes from its index: %s', async (filter, count) => {
    for (const sort of SORTS) {
      const { rows, pages } = await walk(`/jobs?sort=${sort}&${filter}`);
      expect([sort, rows.length, pages]).toEqual([sort, count, 1]);
    }
  });

  test.each(['q=legacy', 'state=completed', 'state=completed&label=even:yes'])(
    'what is common but far from the start of the list fills the first page: %s',
    async (filter) => {
      for (const sort of SORTS) {
        const { body } = await api.call('GET', `/jobs?limit=200&sort=${sort}&${filter}`);
        expect([sort, (body['data'] as Json[]).length]).toEqual([sort, 200]);
      }
    },
  );

  test('what no index knows is found over short pages', async () => {
    const { rows, pages } = await walk('/jobs?sort=createdAt&q=zq');
    expect(rows.map((job) => job['name'])).toEqual(['job-15999', 'job-23999', 'job-31999', 'job-39999']);
    expect(pages).toBeGreaterThan(1);
  });

  test('every row of a long list once', async () => {
    const { rows } = await walk('/jobs?limit=200&sort=-nextRunAt&label=even:yes&q=legacy');
    expect(rows).toHaveLength(6_000);
    expect(new Set(rows.map((job) => job['id'])).size).toBe(6_000);
  }, 60_000);
});

describe('the ledger', () => {
  beforeAll(async () => {
    await api.reset();
    await api.rows(`
      INSERT INTO runs (id, scheduled_for, due_at, project_id, job_id, job_name, job_version, trigger, trigger_nonce, state, max_attempts, available_at, created_at)
      SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(i % 4096), 3, '0') || '8' || lpad(to_hex(i), 15, '0'))::uuid, at, at,
             '00000000-0000-7000-8000-000000000001', CASE WHEN i % 100 = 0 THEN '00000000-0000-7000-8000-0000000000aa'::uuid ELSE '00000000-0000-7000-8000-0000000000bb' END,
             'job', 1, 'manual', i + 1, CASE i % 1000 WHEN 1 THEN 'failed' WHEN 2 THEN 'skipped' WHEN 3 THEN 'queued' WHEN 4 THEN 'cancelled' ELSE 'succeeded' END, 3, at, at
      FROM (SELECT i, to_timestamp(1772438400 + (i / 2)) AS at FROM generate_series(0, 49999) AS i) AS x`);
    await api.rows('ANALYZE');
  }, 120_000);

  test.each([
    ['', 50_000],
    ['state=failed', 50],
    ['state=skipped', 50],
    ['state=cancelled', 50],
    ['state=queued', 50],
    ['state=running', 0],
    ['jobId=00000000-0000-7000-8000-0000000000aa', 500],
    ['jobId=00000000-0000-7000-8000-0000000000bb&state=failed', 50],
    ['jobId=00000000-0000-7000-8000-0000000000aa&state=failed', 0],
    // Two a second for an hour, but for four of each thousand.
    ['state=succeeded&from=2026-03-02T09:00:00Z&to=2026-03-02T09:59:59Z', 7_200 - 7 * 4],
  ])(
    'filtered by "%s" has %d runs, newest first, each once',
    async (filter, count) => {
      const { rows } = await walk(`/runs?limit=200&${filter}`);
      const keys = rows.map((run) => `${run['scheduledFor']} ${run['id']}`);
      expect(keys).toHaveLength(count);
      expect(keys).toEqual([...new Set(keys)].sort().reverse());
    },
    60_000,
  );

  test('both bounds are inclusive', async () => {
    const { rows } = await walk('/runs?from=2026-03-02T08:30:00Z&to=2026-03-02T08:30:01Z');
    expect(rows.map((run) => run['scheduledFor'])).toEqual([
      '2026-03-02T08:30:01.000Z',
      '2026-03-02T08:30:01.000Z',
      '2026-03-02T08:30:00.000Z',
      '2026-03-02T08:30:00.000Z',
    ]);
  });

  test('a summary has no attempts, a run has', async () => {
    const [summary] = (await api.call('GET', '/runs?limit=1')).body['data'] as Json[];
    expect(summary).not.toHaveProperty('attempts');
    expect((await api.call('GET', `/runs/${summary?.['id']}`)).body['attempts']).toEqual([]);
  });
});
