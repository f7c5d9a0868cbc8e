import type { HttpTarget } from '../../../src/domain/job.js';
import { DEFAULT_RETRY } from '../../../src/domain/job.js';
import type { TargetRequest } from '../../../src/execution/targets/request.js';
import { buildRequest } from '../../../src/execution/targets/request.js';
import type { ClaimedRun } from '../../../src/persistence/claims.repository.js';

const ID = '019eb167-5600-7a16-baf7-5c55017786bb';

const TARGET: HttpTarget = {
  ...{ type: 'http', method: 'POST', url: 'https://example.com/hook', headers: {} },
  ...{ timeoutMs: 5_000, success: { statuses: ['2xx'] } },
};

function run(target: Partial<HttpTarget> = {}, draft: Partial<ClaimedRun> = {}): ClaimedRun {
  return {
    ...{ id: ID, scheduledFor: Date.UTC(2026, 5, 10, 12), dueAt: 0, projectId: 'p', jobId: 'j-1', jobName: 'nightly' },
    ...{
      trigger: 'schedule',
      token: 't',
      attempt: 2,
      lostAttempts: 0,
      handedBack: 0,
      firstStartedAt: null,
      availableAt: 0,
      claimedAt: 0,
      body: null,
      secrets: null,
      signingSecrets: null,
    },
    ...{ target: { ...TARGET, ...target }, retry: DEFAULT_RETRY, overlap: 'allow' },
    ...draft,
  };
}

const build = (target?: Partial<HttpTarget>, draft?: Partial<ClaimedRun>): TargetRequest =>
  buildRequest(run(target, draft), {
    userAgent: 'Carillon/1',
    sentAtSeconds: 1_800_000_000,
    spanId: '00f067aa0ba902b7',
    signingSecrets: [],
  });

test('what every call carries', () => {
  expect(build()).toEqual({
    method: 'POST',
    url: 'https://example.com/hook',
    timeoutMs: 5_000,
    secrets: [],
    body: JSON.stringify({
      jobId: 'j-1',
      jobName: 'nightly',
      runId: ID,
      scheduledFor: '2026-06-10T12:00:00.000Z',
      attempt: 2,
    }),
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Carillon/1',
      'webhook-id': ID,
      'webhook-timestamp': '1800000000',
      'carillon-scheduled-for': '2026-06-10T12:00:00.000Z',
      'carillon-job-id': 'j-1',
      'carillon-job-name': 'nightly',
      'carillon-attempt': '2',
      traceparent: '00-019eb16756007a16baf75c55017786bb-00f067aa0ba902b7-01',
    },
  });
});

describe('body', () => {
  test.each<[string, Partial<HttpTarget>, Partial<ClaimedRun>, string | null, string | undefined]>([
    ['an object', { body: { a: 1 } }, {}, '{"a":1}', 'application/json'],
    ['an array', { body: [1, null] }, {}, '[1,null]', 'application/json'],
    ['null', { body: null }, {}, 'null', 'application/json'],
    ['false', { body: false }, {}, 'false', 'application/json'],
    ['text', { body: 'hello' }, {}, 'hello', 'text/plain; charset=utf-8'],
    ['empty text', { body: '' }, {}, '', 'text/plain; charset=utf-8'],
    ['a run of its own', { body: { a: 1 } }, { body: '{"b":2}' }, '{"b":2}', 'application/json'],
    ['a run with null', { body: { a: 1 } }, { body: 'null' }, 'null', 'application/json'],
    ['none on GET', { method: 'GET', body: { a: 1 } }, {}, null, undefined],
    ['none on HEAD', { method: 'HEAD' }, { body: '{"b":2}' }, null, undefined],
    ['a type of its own', { body: '<a/>', headers: { 'Content-Type': 'text/xml' } }, {}, '<a/>', 'text/xml'],
  ])('%s', (_name, target, draft, body, type) => {
    const request = build(target, draft);
    expect(request.body).toBe(body);
    expect(request.headers['content-type']).toBe(type);
  });
});

describe('templates', () => {
  test('in strings of the body, at any depth; not in names of members, not in numbers', () => {
    const body = {
      at: '{{scheduledFor}}',
      '{{runId}}': [{ text: 'run {{ runId }} try {{attempt}} of {{jobName}}{{jobName}}' }, 7, null],
    };
    expect(JSON.parse(build({ body }).body ?? '')).toEqual({
      at: '2026-06-10T12:00:00.000Z',
      '{{runId}}': [{ text: `run ${ID} try 2 of nightlynightly` }, 7, null],
    });
  });

  test('in a body of text', () => expect(build({ body: '{{attempt}}/{{attempt}}' }).body).toBe('2/2'));

  test.each(['{{secret}}', '{{ }}', '{{constructor}}', '{{__proto__}}', '{runId}', '{{{run}}}', '{{RunId}}'])(
    '%s is left as it is',
    (text) => {
      expect(build({ body: text }).body).toBe(text);
    },
  );

  test('a job’s name is filled once, not read as a template, and breaks no JSON', () => {
    const jobName = 'say "{{runId}}" \\ $& $1';
    expect(JSON.parse(build({ body: { name: '{{jobName}}' } }, { jobName }).body ?? '')).toEqual({ name: jobName });
  });

  test.each<[string, string]>([
    ['https://a.example/p?at={{scheduledFor}}', 'https://a.example/p?at=2026-06-10T12%3A00%3A00.000Z'],
    ['https://a.example/p?n={{jobName}}&r={{runId}}', `https://a.example/p?n=a%26b%3D%C3%A9%23&r=${ID}`],
    ['https://a.example/p?n=%7B%7BjobName%7D%7D', 'https://a.example/p?n=a%26b%3D%C3%A9%23'],
    ['https://a.example/{{runId}}', 'https://a.example/{{runId}}'],
    ['https://a.example/p?x={{other}}', 'https://a.example/p?x={{other}}'],
  ])('URL %s', (url, expected) => expect(build({ url }, { jobName: 'a&b=é#' }).url).toBe(expected));
});

describe('headers', () => {
  test('secrets and plain ones, templates filled; ours can not be replaced', () => {
    const { headers } = build({
      headers: {
        Authorization: { value: 'Bearer s3cret-{{attempt}}', secret: true },
        'X-Run': '{{runId}}',
        'Webhook-Id': 'mine',
        'User-Agent': 'my-agent',
        Traceparent: 'mine',
      },
    });
    expect(headers).toMatchObject({
      authorization: 'Bearer s3cret-2',
      'x-run': ID,
      'webhook-id': ID,
      'user-agent': 'Carillon/1',
    });
    expect(headers['traceparent']).toMatch(/^00-019eb167/);
  });

  test.each<[string, string]>([
    ['plain', 'plain'],
    ['Größe', 'Gr%C3%B6%C3%9Fe'],
    ['日本 \u{1F514}', '%E6%97%A5%E6%9C%AC %F0%9F%94%94'],
    ['a\r\nx-evil: 1', 'a%0D%0Ax-evil: 1'],
    ['tab\tNUL\0', 'tab%09NUL%00'],
  ])('a job named %j', (jobName, expected) => {
    const { headers } = build({ headers: { 'x-name': '<{{jobName}}>' } }, { jobName });
    expect(headers['carillon-job-name']).toBe(expected);
    expect(headers['x-name']).toBe(`<${expected}>`);
  });

  test('a value that the job gives is sent as it is given', () => {
    expect(build({ headers: { 'x-v': 'caf\u00e9\tok' } }).headers['x-v']).toBe('caf\u00e9\tok');
  });
});
