import { parse } from 'yaml';
import { waitFor } from '../support/wait-for.js';
import { Api, type Answer, type Json } from './api.js';

let api: Api;

beforeAll(async () => {
  api = await Api.start();
}, 60_000);
beforeEach(() => api.reset());
afterAll(() => api?.stop());

const SET = '/projects/default/jobs';
const TARGET = 'https://example.com/hook';
const job = (name: string, more: Json = {}): Json => ({ name, schedule: '0 9 * * 1', target: TARGET, ...more });
const put = (jobs: Json[], query = ''): Promise<Answer> => api.call('PUT', `${SET}${query}`, { jobs });
const actions = ({ body }: Answer): [string, string][] =>
  (body['plan'] as Json[]).map(({ action, name }) => [action as string, name as string]);
const pointers = ({ body }: Answer): [string, string][] =>
  (body['errors'] as Json[]).map(({ pointer, code }) => [pointer as string, code as string]);
const named = async (name: string): Promise<Json> => {
  const { body } = await api.call('GET', '/jobs?limit=200');
  return (body['data'] as Json[]).find((one) => one['name'] === name) as Json;
};
const text = async (format: string): Promise<string> => {
  const { payload } = await api.app.inject({ method: 'GET', url: `${SET}?format=${format}` });
  return payload;
};
const putYaml = (payload: string, query = ''): Promise<Answer> =>
  api.call('PUT', `${SET}${query}`, payload, { 'content-type': 'application/yaml' });

describe('a declared set', () => {
  it('is planned by a dry run, which writes nothing, and then applied', async () => {
    await api.create(job('same'));
    await api.create(job('other'));
    await api.create(job('left'));
    const set = [job('same'), job('other', { overlap: 'skip', schedule: '0 10 * * 1' }), job('new')];
    const dry = await put(set, '?dryRun=true&prune=true');
    expect(dry).toMatchObject({
      status: 200,
      body: { dryRun: true, summary: { create: 1, change: 1, delete: 1, keep: 1 } },
    });
    expect(actions(dry)).toEqual([
      ['keep', 'same'],
      ['change', 'other'],
      ['create', 'new'],
      ['delete', 'left'],
    ]);
    expect(dry.body['plan'][1]).toMatchObject({
      changes: ['schedule', 'overlap'],
      scheduleText: 'At 10:00, only on Monday (UTC)',
    });
    expect(dry.body['plan'][2]).toMatchObject({ id: null });
    expect((await api.rows('SELECT name FROM jobs ORDER BY name')).map(({ name }) => name)).toEqual([
      'left',
      'other',
      'same',
    ]);

    const applied = await put(set, '?prune=true');
    expect(actions(applied)).toEqual(actions(dry));
    expect(await named('same')).toMatchObject({ version: 1 });
    expect(await named('other')).toMatchObject({ version: 2, overlap: 'skip', nextRunAt: '2026-03-02T10:00:00.000Z' });
    expect(await named('new')).toMatchObject({ version: 1, id: applied.body['plan'][2].id });
    expect(await named('left')).toBeUndefined();
    expect(actions(await put(set, '?prune=true')).map(([action]) => action)).toEqual(['keep', 'keep', 'keep']);
  });

  it('leaves jobs that it does not name alone, unless it prunes', async () => {
    await api.create(job('left'));
    expect(actions(await put([job('new')]))).toEqual([['create', 'new']]);
    expect(await named('left')).toMatchObject({ version: 1 });
    expect(actions(await put([], '?prune=true')).sort()).toEqual([
      ['delete', 'left'],
      ['delete', 'new'],
    ]);
  });

  it('tells the replicas when what it wrote is due', async () => {
    await put([job('a'), job('b', { schedule: '0 10 * * 1' }), job('c')]);
    const due = api.messages.sent.flatMap((message) => (message.type === 'jobDue' ? [message.at] : []));
    expect(due).toEqual([Date.parse('2026-03-02T09:00:00Z'), Date.parse('2026-03-02T10:00:00Z')]);
  });

  it('cancels the waiting runs of what it deletes, also what is due and not planned yet', async () => {
    const { id } = await api.create(job('left', { schedule: 'PT1H' }));
    api.clock.at += 3_600_000;
    expect(actions(await put([], '?prune=true'))).toEqual([['delete', 'left']]);
    expect(await api.rows('SELECT state, reason FROM runs WHERE job_id = $1', [id])).toEqual([
      { state: 'cancelled', reason: 'jobDeleted' },
    ]);
    expect(api.queue.queued).toEqual([]);
  });

  it('plans what was due of a job before another schedule takes its place', async () => {
    const { id } = await api.create(job('hourly', { schedule: 'PT1H' }));
    api.clock.at += 3_600_000;
    expect(actions(await put([job('hourly', { schedule: '0 23 * * *' })]))).toEqual([['change', 'hourly']]);
    expect(await api.rows('SELECT state FROM runs WHERE job_id = $1', [id])).toEqual([{ state: 'queued' }]);
    expect(api.queue.queued).toHaveLength(1);
    expect(await named('hourly')).toMatchObject({ nextRunAt: '2026-03-02T23:00:00.000Z', runCount: 1, version: 2 });
  });

  it('pauses and resumes, and leaves a pause alone that it does not speak of', async () => {
    await put([job('a', { paused: true })]);
    expect(await named('a')).toMatchObject({ state: 'paused', nextRunAt: null, version: 1 });
    expect(actions(await put([job('a')]))).toEqual([['keep', 'a']]);
    const resumed = await put([job('a', { paused: false })]);
    expect(resumed.body['plan'][0]).toMatchObject({ action: 'change', changes: ['paused'] });
    expect(await named('a')).toMatchObject({ state: 'active', nextRunAt: '2026-03-02T09:00:00.000Z', version: 2 });
    expect((await put([job('a', { paused: true })])).body['summary']).toMatchObject({ change: 1 });
    expect(await named('a')).toMatchObject({ state: 'paused', version: 3 });
  });

  it('keeps a secret that is sent as its mask, and refuses a mask for none', async () => {
    const secret = { headers: { authorization: { value: 'Bearer hunter2', secret: true } } };
    const masked = { headers: { authorization: { value: '********', secret: true } } };
    await put([job('a', { target: { url: TARGET, ...secret } })]);
    expect(actions(await put([job('a', { target: { url: TARGET, ...masked } })]))).toEqual([['keep', 'a']]);
    const refused = await put([job('a'), job('b', { target: { url: TARGET, ...masked } })]);
    expect(pointers(refused)).toEqual([['/jobs/1/target/headers/authorization/value', 'unknown_secret']]);
    expect(await api.rows(`SELECT target->'headers'->'authorization'->>'value' AS v FROM jobs`)).toEqual([
      { v: '********' },
    ]);
    expect(await api.rows('SELECT place FROM job_secrets')).toEqual([{ place: 'headers.authorization' }]);
  });

  it('keeps a secret that is sent again, changes it when it is another, and drops it with its header', async () => {
    const setWith = (value: string) => [
      job('a', { target: { url: TARGET, headers: { authorization: { value, secret: true } } } }),
      job('b', { target: { url: TARGET, auth: { type: 'bearer', token: value } } }),
    ];
    const stored = () => api.rows('SELECT place, sealed FROM job_secrets ORDER BY place');
    expect(actions(await put(setWith('hunter2')))).toEqual([
      ['create', 'a'],
      ['create', 'b'],
    ]);
    const first = await stored();
    expect(first.map(({ place }) => place)).toEqual(['auth.token', 'headers.authorization']);
    for (const query of ['?dryRun=true', '']) {
      expect((await put(setWith('hunter2'), query)).body['summary']).toMatchObject({ keep: 2, change: 0 });
    }
    expect(await stored()).toEqual(first);
    for (const query of ['?dryRun=true', '']) {
      const { plan } = (await put(setWith('hunter3'), query)).body;
      expect(plan).toMatchObject([{ changes: ['target'] }, { changes: ['target'] }]);
    }
    expect((await stored()).map(({ sealed }) => sealed)).not.toEqual(first.map(({ sealed }) => sealed));
    expect((await put([job('a'), job('b')])).status).toBe(200);
    expect(await stored()).toEqual([]);
  });

  it('sends no secret to another origin', async () => {
    const headers = (value: string) => ({ authorization: { value, secret: true } });
    await put([job('a', { target: { url: TARGET, headers: headers('hunter2') } })]);
    const moved = await put([job('a', { target: { url: 'https://evil.example/', headers: headers('********') } })]);
    expect(pointers(moved)).toEqual([['/jobs/0/target/headers/authorization/value', 'secret_bound']]);
  });
});

describe('a set that may not be', () => {
  it('says what is wrong with which entry, and changes nothing', async () => {
    await api.create(job('left'));
    const answer = await put(
      [job('ok'), job('a', { schedule: '61 * * * *' }), { name: 'b', target: TARGET }, job('c', { colour: 'red' })],
      '?prune=true',
    );
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid' } });
    expect(pointers(answer)).toEqual([
      ['/jobs/1/schedule', 'invalid_cron'],
      ['/jobs/2/schedule', 'required'],
      ['/jobs/3/colour', 'unknown_member'],
    ]);
    expect(await api.rows('SELECT name FROM jobs')).toEqual([{ name: 'left' }]);
  });

  it('points to both of two entries with one name', async () => {
    const answer = await put([job('a'), job('b'), job('a')]);
    expect([answer.status, pointers(answer)]).toEqual([
      422,
      [
        ['/jobs/0/name', 'duplicate_name'],
        ['/jobs/2/name', 'duplicate_name'],
      ],
    ]);
  });

  it('is refused for one that never fires, whatever the rest', async () => {
    const past = { type: 'once', at: '2020-01-01T00:00:00Z' };
    const answer = await put([job('ok'), job('late', { schedule: past })]);
    expect([answer.status, pointers(answer)]).toEqual([422, [['/jobs/1/schedule', 'schedule_never_fires']]]);
    expect(await api.rows('SELECT name FROM jobs')).toEqual([]);
  });

  it.each([
    ['nothing', undefined, ''],
    ['a list', [], ''],
    ['another member', { jobs: [], job: [] }, '/job'],
    ['no jobs', {}, '/jobs'],
    ['jobs that are none', { jobs: {} }, '/jobs'],
    ['too many', { jobs: Array.from({ length: 5_001 }, () => 1) }, '/jobs'],
    [
      'a prototype',
      '{"jobs":[{"name":"a","schedule":"PT1H","target":"https://example.com/","__proto__":{"x":1}}]}',
      '/jobs/0/__proto__',
    ],
    ['a prototype of all', '{"__proto__":{"jobs":[]}}', '/__proto__'],
  ])('is refused when it is %s', async (_, body, pointer) => {
    const answer = await api.call('PUT', SET, body);
    expect([answer.status, pointers(answer)[0]?.[0]]).toEqual([422, pointer]);
    expect(await api.rows('SELECT 1 FROM jobs')).toEqual([]);
  });

  it('answers as many faults as any request would', async () => {
    const answer = await put(Array.from({ length: 3_000 }, (_, index) => ({ name: `n${index}` })));
    expect([answer.status, pointers(answer).length]).toEqual([422, 20]);
  });

  it('takes no other parameters and no other texts', async () => {
    expect((await put([], '?dryrun=true')).status).toBe(400);
    expect((await put([], '?dryRun=yes')).status).toBe(400);
    expect((await api.call('PUT', SET, 'jobs: []', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await api.call('POST', '/jobs', 'name: a', { 'content-type': 'application/yaml' })).status).toBe(415);
    expect((await api.call('POST', '/jobs', 'name: a', { 'content-type': 'text/plain' })).status).toBe(415);
    for (const project of ['nobody', 'a%00b', '%20', 'x'.repeat(500)]) {
      expect((await api.call('PUT', `/projects/${project}/jobs`, { jobs: [] })).status).toBe(404);
    }
  });
});

describe('an export', () => {
  const everything = (): Json[] => [
    job('cron', { description: 'two\nlines\n\n  indented', labels: { yes: 'no', 'a/b': '12:30:45' } }),
    job('interval', { schedule: 'PT7H', retry: { maxAttempts: 9, maxElapsed: 'P2D' } }),
    job('once', { schedule: { type: 'once', at: '2026-12-24T18:00', timeZone: 'Europe/Paris' } }),
    job('rrule', {
      schedule: {
        type: 'rrule',
        rule: 'RRULE:FREQ=WEEKLY;BYDAY=MO,FR\nRDATE:20261224T180000\nEXDATE:20270101T093000,20270104T083000Z',
        startAt: '2026-01-01T09:30',
        timeZone: 'Europe/Paris',
      },
    }),
    job('bounded', {
      schedule: {
        type: 'cron',
        expression: '0 3 L * ?',
        timeZone: 'Asia/Tokyo',
        jitter: '5m',
        maxRuns: 3,
        dst: { gap: 'skip' },
      },
    }),
    job('paused', { paused: true, misfire: { policy: 'runAll', limit: 7 }, overlap: 'queueOne' }),
    job('zürich "quoted" — 日本', {
      target: {
        url: `${TARGET}?at={{scheduledFor}}`,
        method: 'PUT',
        body: { a: [1, 'on', null, true, 1e3], 'b:': '#' },
        headers: { 'x-key': { value: 'hunter2', secret: true } },
      },
    }),
    job('text', { target: { url: TARGET, body: '{"not": "an object"}\n' } }),
  ];

  it.each(['json', 'yaml'])('as %s can be declared again and changes nothing', async (format) => {
    expect((await put(everything())).body['summary']).toMatchObject({ create: 8 });
    api.clock.at += 12_345_678;
    const before = await api.rows(
      'SELECT j.*, t.version, t.next_run_at FROM jobs j JOIN job_states t ON t.job_id = j.id ORDER BY id',
    );
    const exported = await text(format);
    expect(exported).not.toContain('hunter2');
    const again =
      format === 'json' ? await api.call('PUT', `${SET}?prune=true`, exported) : await putYaml(exported, '?prune=true');
    expect(again.body['summary']).toEqual({ create: 0, change: 0, delete: 0, keep: 8 });
    expect(
      await api.rows(
        'SELECT j.*, t.version, t.next_run_at FROM jobs j JOIN job_states t ON t.job_id = j.id ORDER BY id',
      ),
    ).toEqual(before);
  });

  it('is the same set in both, in the order of names, over more than one page', async () => {
    await put(Array.from({ length: 450 }, (_, index) => job(`job-${String(index).padStart(3, '0')}`)));
    const json = JSON.parse(await text('json')) as { jobs: Json[] };
    expect(json.jobs.map(({ name }) => name)).toEqual(
      Array.from({ length: 450 }, (_, index) => `job-${String(index).padStart(3, '0')}`),
    );
    expect(parse(await text('yaml'))).toEqual(json);
  });

  it('of no jobs is an empty set', async () => {
    expect(JSON.parse(await text('json'))).toEqual({ jobs: [] });
    expect(parse(await text('yaml'))).toEqual({ jobs: [] });
  });

  it('as a crontab has a line for each job that cron can run, and says why others have none', async () => {
    await put([
      ...everything(),
      job('every quarter', { schedule: { type: 'interval', every: 'PT15M', anchorAt: '2026-01-01T00:05:00Z' } }),
      job('percent', { schedule: '*/5 * */2 * 1', target: `${TARGET}?a=50%25` }),
    ]);
    const { headers, payload } = await api.app.inject({ method: 'GET', url: `${SET}?format=crontab` });
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(payload).toContain(`CRON_TZ=UTC\n# job: cron\n0 9 * * 1 curl -fsS -o /dev/null -m 30 -X POST '${TARGET}'\n`);
    expect(payload).toContain('# job: bounded\n# not in cron: cron knows no maxRuns\n');
    expect(payload).toContain("# job: interval\n# not in cron: cron can't count PT7H");
    expect(payload).toContain('# job: once\n# not in cron: cron knows no time that comes once');
    expect(payload).toContain(
      '# job: rrule\n# not in cron: cron knows no recurrence rules (RRULE:FREQ=WEEKLY;BYDAY=MO,FR RDATE:20261224T180000 EX',
    );
    expect(payload).toContain('# job: paused\n# paused: 0 9 * * 1 curl');
    expect(payload).toContain('# job: every quarter\n5-59/15 * * * * curl');
    expect(payload).toContain(
      `# job: percent\n*/5 * 1-31/2 * 1 curl -fsS -o /dev/null -m 30 -X POST '${TARGET}?a=50\\%25'`,
    );
    expect(payload).toContain('# left out, for they are secret: x-key\n# job: zürich');
    expect(payload).not.toContain('hunter2');
  });
});

describe('YAML', () => {
  it('is taken as JSON is, with anchors', async () => {
    const answer = await putYaml(
      `jobs:
  - &base
    name: a
    schedule: "0 9 * * 1"
    target: { url: &url ${TARGET} }
  - name: b
    schedule: { type: interval, every: PT1H }
    target: { url: *url, body: { on: off, n: 0x10, t: 12:30:00 } }
`,
    );
    expect(actions(answer)).toEqual([
      ['create', 'a'],
      ['create', 'b'],
    ]);
    expect((await named('b'))['target'].body).toEqual({ on: 'off', n: 16, t: '12:30:00' });
  });

  it.each([
    ['what is no YAML', 'jobs: [', 400, 'malformed_yaml'],
    ['tabs for spaces', 'jobs:\n\t- a', 400, 'malformed_yaml'],
    ['a name twice', 'jobs: []\njobs: []', 400, 'malformed_yaml'],
    ['a tag of a program', 'jobs: !!js/function "x"', 400, 'malformed_yaml'],
    ['an alias of nothing', 'jobs: *nobody', 400, 'malformed_yaml'],
    ['infinity', 'jobs: [{ name: .inf }]', 400, 'malformed_yaml'],
    ['a name that is no text', '? [a]\n: b', 400, 'malformed_yaml'],
    ['two documents', 'jobs: []\n---\njobs: []', 422, 'invalid'],
    ['nothing', '', 422, 'invalid'],
    ['a scalar', 'jobs', 422, 'invalid'],
    ['merge keys', 'a: &a { jobs: [] }\n<<: *a', 422, 'invalid'],
    ['a prototype', '__proto__: { jobs: [] }', 422, 'invalid'],
  ])('is refused when it is %s', async (_, yaml, status, code) => {
    const { status: answered, body } = await putYaml(yaml);
    expect([answered, body['code']]).toEqual([status, code]);
  });

  it('echoes nothing of what it could not read', async () => {
    const { status, body } = await putYaml('password: "hunter2\nhunter2: [hunter2');
    expect(status).toBe(400);
    expect(JSON.stringify(body)).not.toContain('hunter2');
    expect(body['detail']).toMatch(/line \d+, column \d+/);
  });

  const lol = (levels: number): string =>
    [
      'a0: &a0 [lol, lol]',
      ...Array.from({ length: levels }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(9).fill(`*a${n}`).join(',')}]`),
    ].join('\n');
  const big = 'x'.repeat(100_000);

  it.each([
    ['aliases of aliases', lol(9)],
    ['aliases of something long', `jobs:\n  - &a ${big}\n${'  - *a\n'.repeat(90)}`],
    ['a thousand levels and more', `jobs: ${'['.repeat(20_000)}${']'.repeat(20_000)}`],
    ['levels without an end', '- '.repeat(40_000)],
  ])('is refused for %s, and the service goes on', async (_, yaml) => {
    const { status, body } = await putYaml(yaml);
    expect([400, 422]).toContain(status);
    expect(['invalid', 'malformed_yaml']).toContain(body['code']);
    expect((await put([job('after')])).status).toBe(200);
  });
});

describe('at once', () => {
  it('two sets of one project come one after the other, and each answer is true', async () => {
    const sets = Array.from({ length: 8 }, (_, set) =>
      Array.from({ length: 30 }, (_, n) => job(`job-${n}`, { description: `of set ${set}` })),
    );
    const answers = await Promise.all(sets.map((set) => put(set, '?prune=true')));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    const total = (name: string): number =>
      answers.reduce((sum, { body }) => sum + (body['summary'][name] as number), 0);
    expect(total('create')).toBe(30);
    expect(total('change')).toBe(30 * 7);
    const rows = await api.rows(
      'SELECT DISTINCT j.description, t.version FROM jobs j JOIN job_states t ON t.job_id = j.id',
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ version: 8 });
  });

  it('two that prune leave the jobs of one of them', async () => {
    for (let round = 0; round < 5; round += 1) {
      const set = (letter: string): Json[] => Array.from({ length: 40 }, (_, n) => job(`${letter}-${round}-${n}`));
      const answers = await Promise.all(['a', 'b', 'c'].map((letter) => put(set(letter), '?prune=true')));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      const rows = await api.rows('SELECT left(name, 1) AS letter, count(*)::int AS n FROM jobs GROUP BY 1');
      expect(rows).toEqual([{ letter: expect.stringMatching(/[abc]/), n: 40 }]);
    }
  });

  it('what the planner or another request does to a job before its lock is got stays', async () => {
    const { id } = await api.create(job('a'));
    const other = await api.db.connect();
    try {
      await other.query('BEGIN');
      await other.query('UPDATE job_states SET version = version + 1, run_count = 7 WHERE job_id = $1', [id]);
      const answer = put([job('a', { description: 'changed' })]);
      await waitFor('the set to wait for the job', async () => {
        const waiting = await api.rows(
          `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return waiting.length > 0;
      });
      await other.query('COMMIT');
      expect(actions(await answer)).toEqual([['change', 'a']]);
    } finally {
      other.release(true);
    }
    expect(await named('a')).toMatchObject({ description: 'changed', version: 3, runCount: 7 });
  });

  it('a job that is created by its own request meanwhile is changed or was there before: never an error', async () => {
    for (let round = 0; round < 5; round += 1) {
      const names = Array.from({ length: 20 }, (_, n) => `round-${round}-${n}`);
      const [set, ...singles] = await Promise.all([
        put(names.map((name) => job(name, { description: 'set' }))),
        ...names.slice(0, 5).map((name) => api.call('POST', '/jobs', job(name))),
      ]);
      expect(set?.status).toBe(200);
      for (const { status } of singles) expect([201, 409]).toContain(status);
      const rows = await api.rows(`SELECT description, count(*)::int AS n FROM jobs WHERE name LIKE $1 GROUP BY 1`, [
        `round-${round}-%`,
      ]);
      expect(rows).toEqual([{ description: 'set', n: 20 }]);
    }
  });
});

test('a thousand jobs are created, changed and deleted in about a second each', async () => {
  const jobs = (description: string): Json[] =>
    Array.from({ length: 1_000 }, (_, n) => job(`job-${n}`, { description, schedule: `${n % 60} ${n % 24} * * *` }));
  const took = async (work: Promise<Answer>): Promise<number> => {
    const began = performance.now();
    expect((await work).status).toBe(200);
    return Math.round(performance.now() - began);
  };
  const figures = {
    create: await took(put(jobs('one'))),
    keep: await took(put(jobs('one'))),
    change: await took(put(jobs('two'))),
    delete: await took(put([], '?prune=true')),
  };
  console.log(JSON.stringify(figures));
  for (const ms of Object.values(figures)) expect(ms).toBeLessThan(5_000); // generous: the machine may be busy
});
