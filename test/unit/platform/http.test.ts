import { requestIdOf } from '../../../src/platform/http/request-id.js';
import { RouteTable } from '../../../src/platform/http/route-table.js';
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
