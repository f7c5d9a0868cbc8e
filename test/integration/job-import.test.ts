import { Api, type Answer, type Json } from './api.js';

let api: Api;

beforeAll(async () => {
  api = await Api.start();
}, 60_000);
beforeEach(() => api.reset());
afterAll(() => api?.stop());

const IMPORT = '/projects/default/jobs/import';
const RUNNER = `target=${encodeURIComponent('https://runner.example.com/run/{{name}}')}`;
const send = (type: string, body: unknown, query = '', headers: Record<string, string> = {}): Promise<Answer> =>
  api.call('POST', `${IMPORT}?${query}`, body, { 'content-type': type, ...headers });
const losses = ({ body }: Answer): unknown[] =>
  (body['notCarriedOver'] as Json[]).map(({ scope, job, pointer, line, code }) => [scope, job, pointer ?? line, code]);
const jobs = async (): Promise<Json[]> => (await api.call('GET', '/jobs?sort=name')).body['data'] as Json[];

const CRONTAB = `MAILTO=ops@example.com
CRON_TZ=Europe/Paris
# Saves what was sold
0 9 * * 1-5 /opt/shop/save --all %now
61 * * * * /opt/shop/never
@reboot /opt/shop/start
`;

test('a crontab becomes jobs that call the target, and what could not is told by its line', async () => {
  const dry = await send('text/plain', CRONTAB, `${RUNNER}&dryRun=true`);
  expect(dry).toMatchObject({ status: 200, body: { dryRun: true, summary: { create: 1 } } });
  expect(await jobs()).toEqual([]);
  const answer = await send('text/plain', CRONTAB, RUNNER);
  expect(answer.body['plan']).toMatchObject([
    { action: 'create', name: 'opt-shop-save-all', scheduleText: 'At 09:00, Monday through Friday (Europe/Paris)' },
  ]);
  expect(losses(answer)).toEqual([
    ['document', null, 1, 'no_equivalent'],
    ['job', null, 6, 'unsupported_schedule'],
    ['job', 'opt-shop-never', 5, 'invalid_cron'],
  ]);
  expect(await jobs()).toMatchObject([
    {
      name: 'opt-shop-save-all',
      description: 'Saves what was sold',
      schedule: { type: 'cron', expression: '0 9 * * 1-5', timeZone: 'Europe/Paris' },
      target: {
        url: 'https://runner.example.com/run/opt-shop-save-all',
        body: { command: '/opt/shop/save --all', stdin: 'now' },
      },
      nextRunAt: '2026-03-03T08:00:00.000Z',
    },
  ]);
  // The same again changes nothing, another line does.
  expect((await send('text/plain', CRONTAB, RUNNER)).body['summary']).toMatchObject({ create: 0, keep: 1 });
  const changed = await send('text/plain', CRONTAB.replace('0 9', '0 8'), RUNNER);
  expect(changed.body['plan']).toMatchObject([{ action: 'change', changes: ['schedule'] }]);
});

test('without a target nothing that calls no URL is carried over, and each says so', async () => {
  const answer = await send('text/plain', '0 1 * * * /bin/a\n0 2 * * * /bin/b\n', 'timeZone=UTC');
  expect(answer.status).toBe(200);
  expect(losses(answer)).toEqual([
    ['job', 'bin-a', 1, 'no_target'],
    ['job', 'bin-b', 2, 'no_target'],
  ]);
  expect(await jobs()).toEqual([]);
});

test('CronJobs come as YAML of several documents, or as JSON', async () => {
  const yaml = `apiVersion: batch/v1
kind: CronJob
metadata: { name: a, labels: { team: x } }
spec:
  schedule: "*/5 * * * *"
  timeZone: Asia/Tokyo
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 4
  suspend: true
  jobTemplate: { spec: { template: { spec: { containers: [{ name: c, image: busybox }] } } } }
---
apiVersion: v1
kind: Service
metadata: { name: s }
`;
  const answer = await send('application/yaml', yaml, RUNNER);
  expect(losses(answer)).toEqual([['job', null, '/1/kind', 'not_a_job']]);
  expect(await jobs()).toMatchObject([
    {
      name: 'a',
      labels: { team: 'x' },
      state: 'paused',
      overlap: 'skip',
      schedule: { type: 'cron', expression: '*/5 * * * *', timeZone: 'Asia/Tokyo', dst: { gap: 'skip' } },
      misfire: { policy: 'runLast', grace: 'PT4S', within: 'PT4S' },
      target: {
        url: 'https://runner.example.com/run/a',
        body: { cronJob: 'a', namespace: 'default', image: 'busybox' },
      },
    },
  ]);
  const json = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'b/c d' },
    spec: { schedule: '0 0 1 1 *' },
  };
  expect((await send('application/json', json, `${RUNNER}&timeZone=UTC`)).body).toMatchObject({
    summary: { create: 1 },
    notCarriedOver: [],
  });
  expect((await jobs()).at(-1)?.['target'].url).toBe('https://runner.example.com/run/b%2Fc%20d');
});

test('schedules of EventBridge keep their days, anchors and ends', async () => {
  const schedule = (Name: string, ScheduleExpression: string, more: Json = {}): Json => ({
    ...{ Name, ScheduleExpression, ScheduleExpressionTimezone: 'America/New_York', State: 'ENABLED' },
    ...{ FlexibleTimeWindow: { Mode: 'OFF' }, Target: { Input: '{"n":1}' }, ...more },
  });
  const answer = await send(
    'application/json',
    [
      schedule('friday', 'cron(0 20 ? * 6 *)'),
      schedule('rate', 'rate(10 minutes)', { CreationDate: '2026-01-01T00:03:00+00:00' }),
      schedule('over', 'at(2020-01-01T00:00:00)'),
      schedule('ends', 'cron(0 8 * * ? *)', { EndDate: '2026-01-01T00:00:00Z' }),
    ],
    RUNNER,
  );
  expect(losses(answer)).toEqual([
    ['job', 'over', '/2', 'schedule_never_fires'],
    ['job', 'ends', '/3', 'schedule_never_fires'],
  ]);
  expect(await jobs()).toMatchObject([
    // 2026-03-02 is a Monday.
    { name: 'friday', nextRunAt: '2026-03-07T01:00:00.000Z', target: { body: { n: 1 } } },
    {
      name: 'rate',
      schedule: { every: 'PT10M', anchorAt: '2026-01-01T00:03:00.000Z' },
      nextRunAt: '2026-03-02T08:03:00.000Z',
    },
  ]);
});

test('jobs of Cloud Scheduler need no target, and their keys are not read back', async () => {
  const job = {
    name: 'projects/p/locations/l/jobs/refresh',
    ...{ schedule: '0 7 * * 1', timeZone: 'Etc/UTC', state: 'ENABLED', attemptDeadline: '30s' },
    httpTarget: {
      ...{ uri: 'https://api.example.com/refresh', httpMethod: 'PUT', body: Buffer.from('{}').toString('base64') },
      headers: { 'X-Api-Key': 'hunter2', 'User-Agent': 'Google-Cloud-Scheduler' },
    },
  };
  const blocked = {
    ...job,
    name: 'projects/p/locations/l/jobs/inside',
    httpTarget: { uri: 'http://metadata.google.internal/' },
  };
  const answer = await send('application/json', [job, blocked]);
  expect(losses(answer)).toEqual([['job', 'inside', '/1', 'egress_blocked']]);
  expect(JSON.stringify(answer.body)).not.toContain('hunter2');
  expect(await jobs()).toMatchObject([
    {
      name: 'refresh',
      retry: { maxAttempts: 1 },
      target: {
        ...{ method: 'PUT', url: 'https://api.example.com/refresh', body: '{}', timeout: 'PT30S' },
        headers: { 'X-Api-Key': { value: '********', secret: true } },
      },
    },
  ]);
});

describe('an import is refused as a whole', () => {
  const CRON_JOB = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'a' },
    spec: { schedule: '0 0 * * *' },
  };

  it.each([
    ['of no format', 'application/json', { a: 1 }, '', 400, 'invalid_parameter'],
    ['of another format', 'text/plain', '0 0 * * * a', 'format=kubernetes', 415, 'unsupported_media_type'],
    ['a crontab as JSON', 'application/json', CRON_JOB, 'format=crontab', 415, 'unsupported_media_type'],
    ['an unknown format', 'application/json', CRON_JOB, 'format=quartz', 400, 'invalid_parameter'],
    ['a target that is none', 'application/json', CRON_JOB, 'target=ftp%3A%2F%2Fx', 400, 'invalid_parameter'],
    ['a zone that is none', 'application/json', CRON_JOB, 'timeZone=Mars', 400, 'invalid_parameter'],
    ['nothing', 'application/json', undefined, '', 422, 'invalid'],
    ['no YAML', 'application/yaml', 'a: [', '', 400, 'malformed_yaml'],
    ['more lines than anyone reads', 'text/plain', 'x\n'.repeat(20_000), '', 422, 'invalid'],
    ['more jobs than a set has', 'text/plain', '0 0 * * * a\n'.repeat(5_001), '', 422, 'invalid'],
  ])('when it is %s', async (_, type, body, query, status, code) => {
    const answer = await send(type, body, query);
    expect([answer.status, answer.body['code']]).toEqual([status, code]);
  });

  it('when a page of another origin makes a browser send it', async () => {
    const from = (origin: string, type = 'text/plain'): Promise<Answer> =>
      send(type, '0 0 * * * a', '', { origin, host: '127.0.0.1:3000' });
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:4000']) {
      expect((await from(origin)).status).toBe(415);
    }
    expect((await from('http://127.0.0.1:3000')).status).toBe(200);
  });
});
