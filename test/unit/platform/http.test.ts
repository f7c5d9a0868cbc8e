import { requestIdOf } from '../../../src/platform/http/request-id.js';
import { RouteTable } from '../../../src/platform/http/route-table.js';
import { MemoryThrottlerStorage } from '../../../src/rate-limiting/memory-throttler-storage.js';
import { textLine } from '../../../src/platform/logging/text-line.js';

type Listener = (route: { url: string; method: string | string[] }) => void;

function tableOf(...routes: [method: string | string[], url: string][]): RouteTable {
  const table = new RouteTable();
  let listener: Listener | undefined;
  table.watch({ addHook: (_name: string, hook: Listener) => (listener = hook) } as never);
  for (const [method, url] of routes) listener?.({ method, url });
  return table;
}

describe('RouteTable', () => {
  const table = tableOf(
    ['GET', '/jobs'],
    [['POST'], '/jobs'],
    ['GET', '/jobs/:id'],
    ['PUT', '/jobs/by-name/:name'],
    ['GET', '/a.b'],
    ['GET', '/*'],
  );

  it.each([
    ['/jobs', ['GET', 'POST']],
    ['/jobs/1', ['GET']],
    ['/jobs/by-name/x', ['PUT']],
    ['/jobs/1/2', []],
    ['/a.b', ['GET']],
    ['/aXb', []],
    ['/jobs/', []],
  ])('%s: %s', (path, methods) => {
    expect(table.methodsOf(path)).toEqual(methods);
  });
});

describe('requestIdOf', () => {
  it('takes a plain id from the caller', () => {
    expect(requestIdOf({ 'x-request-id': 'abc-1' })).toBe('abc-1');
    expect(requestIdOf({ 'request-id': 'abc-2' })).toBe('abc-2');
  });

  it.each(['', 'a b', 'x'.repeat(129), '<script>', 'a\nb', 'a/b', 'a=b', 'a:b', 'a,b', '"a"', '{{a}}', 'ä'])(
    'makes its own instead of %j',
    (given) => {
      const id = requestIdOf({ 'x-request-id': given });
      expect(id).toMatch(/^[0-9a-f]{12}-\w+$/);
      expect(requestIdOf({ 'x-request-id': given })).not.toBe(id);
    },
  );
});

describe('MemoryThrottlerStorage', () => {
  afterEach(() => jest.restoreAllMocks());

  it('counts in windows, for each caller apart, and says when the window ends', async () => {
    let nowMs = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const storage = new MemoryThrottlerStorage();
    const hit = (key: string) => storage.increment(key, 60_000, 2);
    await expect(hit('a')).resolves.toEqual({ totalHits: 1, timeToExpire: 60, isBlocked: false, timeToBlockExpire: 0 });
    await expect(hit('a')).resolves.toMatchObject({ totalHits: 2, isBlocked: false });
    nowMs = 20_000;
    await expect(hit('a')).resolves.toEqual({ totalHits: 3, timeToExpire: 40, isBlocked: true, timeToBlockExpire: 40 });
    await expect(hit('b')).resolves.toMatchObject({ totalHits: 1, isBlocked: false });
    nowMs = 60_000;
    await expect(hit('a')).resolves.toMatchObject({ totalHits: 1, isBlocked: false });
  });
});

describe('textLine', () => {
  const time = '2026-11-23T16:00:00.123Z';

  it.each([
    [{ level: 'info', time, msg: 'hello' }, '16:00:00.123 hello\n'],
    [
      { level: 'warn', time, context: 'Clock', msg: 'off', runId: 'r' },
      '16:00:00.123 WARN [Clock] off {"runId":"r"}\n',
    ],
    [
      { level: 'error', time, msg: 'x', err: { stack: 'Error: x\n  at y' } },
      '16:00:00.123 ERROR x\nError: x\n  at y\n',
    ],
  ])('%j', (line, text) => {
    expect(textLine(JSON.stringify(line))).toBe(text);
  });
});
