import { JobInput } from '../../../src/jobs/job.schemas.js';
import { faultsOfIssues } from '../../../src/platform/validation/faults.js';

const VALID = { name: 'n', schedule: '0 9 * * 1', target: 'https://example.com/hook' };

function refusals(input: unknown): [string, string][] {
  const parsed = JobInput.safeParse(input);
  return parsed.success ? [] : faultsOfIssues(parsed.error.issues, input).map(({ pointer, code }) => [pointer, code]);
}

test('what is left out has its default, and durations become milliseconds', () => {
  expect(JobInput.parse(VALID)).toEqual({
    name: 'n',
    description: '',
    labels: {},
    schedule: '0 9 * * 1',
    target: {
      type: 'http',
      method: 'POST',
      url: 'https://example.com/hook',
      headers: {},
      timeoutMs: 30_000,
      success: { statuses: ['2xx'] },
    },
    retry: {
      maxAttempts: 3,
      backoff: 'exponential',
      initialDelayMs: 1_000,
      maxDelayMs: 300_000,
      maxElapsedMs: 3_600_000,
    },
    overlap: 'allow',
    misfire: { policy: 'runLast', graceMs: 10_000, withinMs: 3_600_000, limit: 100 },
  });
});

test('a URL alone is the same as a target of nothing but that URL', () => {
  const { target } = JobInput.parse({ ...VALID, target: { url: VALID.target } });
  expect(target).toEqual(JobInput.parse(VALID).target);
});

test.each([
  ['PT1M30S', 90_000],
  ['90s', 90_000],
  ['1m', 60_000],
])('a timeout of %s is %d ms', (timeout, ms) => {
  expect(JobInput.parse({ ...VALID, target: { url: VALID.target, timeout } }).target.timeoutMs).toBe(ms);
});

test.each([{ body: null }, {}])('%j is the default body', (given) => {
  expect(JobInput.parse({ ...VALID, target: { url: VALID.target, ...given } }).target).not.toHaveProperty('body');
});

test.each<[string, object, [string, string][]]>([
  [
    'nothing',
    { name: undefined, schedule: undefined, target: undefined },
    [
      ['/name', 'required'],
      ['/schedule', 'required'],
      ['/target', 'required'],
    ],
  ],
  ['an empty name', { name: '' }, [['/name', 'too_short']]],
  ['a name of 201 characters', { name: 'x'.repeat(201) }, [['/name', 'too_long']]],
  ['a name of 200 characters beyond the basic plane', { name: '😀'.repeat(200) }, []],
  ['a name of 201 such', { name: '😀'.repeat(201) }, [['/name', 'too_long']]],
  ['a name with a line end', { name: 'a\nb' }, [['/name', 'invalid_text']]],
  ['a name with a space at its end', { name: 'a ' }, [['/name', 'invalid_text']]],
  ['a number for a name', { name: 5 }, [['/name', 'invalid_type']]],
  ['null for a name', { name: null }, [['/name', 'invalid_type']]],
  ['a description of two lines', { description: 'a\nb\tc' }, []],
  ['a description of 2,001 characters', { description: 'x'.repeat(2_001) }, [['/description', 'too_long']]],
  ['an escape in a description', { description: '\u001b[31m' }, [['/description', 'invalid_text']]],
  ['an unknown member', { nam: 'x' }, [['/nam', 'unknown_member']]],
  [
    'an inherited name',
    JSON.parse('{"constructor":{},"toString":1}') as object,
    [
      ['/constructor', 'unknown_member'],
      ['/toString', 'unknown_member'],
    ],
  ],
  [
    'what only answers have',
    { state: 'paused', nextRunAt: null },
    [
      ['/state', 'unknown_member'],
      ['/nextRunAt', 'unknown_member'],
    ],
  ],
  [
    '33 labels',
    { labels: Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`l${index}`, ''])) },
    [['/labels', 'too_many']],
  ],
  ['a label with a space', { labels: { 'a b': 'x' } }, [['/labels/a b', 'invalid_label']]],
  ['a label with a slash', { labels: { 'a/b': 5 } }, [['/labels/a~1b', 'invalid_type']]],
  ['labels in a list', { labels: ['a'] }, [['/labels', 'invalid_type']]],
  ['a schedule of a number', { schedule: 5 }, [['/schedule', 'invalid_type']]],
  [
    'a wrong expression',
    { schedule: { type: 'cron', expression: '60 * * * *' } },
    [['/schedule/expression', 'invalid_cron']],
  ],
  ['a wrong expression as text', { schedule: '60 * * * *' }, [['/schedule', 'invalid_cron']]],
  [
    'a calendar',
    { schedule: { type: 'cron', expression: '@daily', exclude: [7] } },
    [['/schedule/exclude/0', 'invalid_type']],
  ],
  ['a target of a number', { target: 5 }, [['/target', 'invalid_type']]],
  ['a target of null', { target: null }, [['/target', 'invalid_type']]],
  ['a wrong URL', { target: 'x' }, [['/target', 'invalid_url']]],
  ['a target without a URL', { target: {} }, [['/target/url', 'required']]],
  ['a method of its own', { target: { url: VALID.target, method: 'post' } }, [['/target/method', 'invalid_value']]],
  ['a body for a GET', { target: { url: VALID.target, method: 'GET', body: {} } }, [['/target/body', 'not_allowed']]],
  [
    '51 headers',
    {
      target: {
        url: VALID.target,
        headers: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`h${index}`, ''])),
      },
    },
    [['/target/headers', 'too_many']],
  ],
  [
    'a header twice',
    { target: { url: VALID.target, headers: { a: '', A: '' } } },
    [['/target/headers/A', 'duplicate_header']],
  ],
  [
    'a header of Carillon',
    { target: { url: VALID.target, headers: { 'webhook-id': 'x' } } },
    [['/target/headers/webhook-id', 'reserved_header']],
  ],
  [
    'a header that injects another',
    { target: { url: VALID.target, headers: { a: 'x\r\nb: y' } } },
    [['/target/headers/a', 'invalid_header_value']],
  ],
  [
    'a secret header without a value',
    { target: { url: VALID.target, headers: { a: { secret: true } } } },
    [['/target/headers/a/value', 'required']],
  ],
  [
    'a header that is no secret',
    { target: { url: VALID.target, headers: { a: { value: 'x', secret: false } } } },
    [['/target/headers/a/secret', 'invalid_value']],
  ],
  [
    'a header of a number',
    { target: { url: VALID.target, headers: { a: 5 } } },
    [['/target/headers/a', 'invalid_type']],
  ],
  ['a timeout of 99 ms', { target: { url: VALID.target, timeout: 'PT0.099S' } }, [['/target/timeout', 'out_of_range']]],
  ['a timeout of 16 minutes', { target: { url: VALID.target, timeout: '16m' } }, [['/target/timeout', 'out_of_range']]],
  ['a timeout in a number', { target: { url: VALID.target, timeout: 30 } }, [['/target/timeout', 'invalid_type']]],
  [
    'no status',
    { target: { url: VALID.target, success: { statuses: [] } } },
    [['/target/success/statuses', 'too_few']],
  ],
  [
    'a status that is none',
    { target: { url: VALID.target, success: { statuses: ['2xx', '999'] } } },
    [['/target/success/statuses/1', 'invalid_format']],
  ],
  ['no attempt', { retry: { maxAttempts: 0 } }, [['/retry/maxAttempts', 'out_of_range']]],
  ['half an attempt', { retry: { maxAttempts: 1.5 } }, [['/retry/maxAttempts', 'invalid_type']]],
  ['101 attempts', { retry: { maxAttempts: 101 } }, [['/retry/maxAttempts', 'out_of_range']]],
  ['a delay of a month', { retry: { initialDelay: 'P1M' } }, [['/retry/initialDelay', 'invalid_duration']]],
  ['delays that shrink', { retry: { initialDelay: '10m' } }, [['/retry/maxDelay', 'out_of_range']]],
  ['no grace', { misfire: { grace: 'PT0S' } }, []],
  [
    'an unknown policy',
    { misfire: { policy: 'catchUp' }, overlap: 'forbid' },
    [
      ['/overlap', 'invalid_value'],
      ['/misfire/policy', 'invalid_value'],
    ],
  ],
])('%s', (_, members, expected) => {
  expect(refusals({ ...VALID, ...members })).toEqual(expected);
});

test('all that is wrong is said at once', () => {
  const faults = refusals({
    name: 1,
    schedule: { type: 'cron', expression: '0 9 * *', zone: 'x' },
    target: { url: 'x', timeout: 'soon' },
    retry: { backoff: 'none' },
  });
  expect(faults.map(([pointer]) => pointer).sort()).toEqual([
    '/name',
    '/retry/backoff',
    '/schedule/expression',
    '/schedule/zone',
    '/target/timeout',
    '/target/url',
  ]);
});
