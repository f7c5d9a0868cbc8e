import { scanJson, tooManyInText } from '../../../src/platform/validation/json-scan.js';

const nested = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);

test.each<[string, unknown, [string, string][], boolean]>([
  ['a plain body', { name: 'x', target: { body: { constructor: 1, a: [1, 'b', null, true] } } }, [], false],
  ['a NUL in a text', { name: 'a\0b' }, [['/name', 'invalid_text']], false],
  ['half a surrogate pair', { target: { body: ['\ud800'] } }, [['/target/body/0', 'invalid_text']], false],
  ['a whole pair', { name: '😀' }, [], false],
  ['a NUL in a name', { labels: { 'a\0': 'b' } }, [['/labels/a\\u0000', 'invalid_text']], false],
  ['a prototype', JSON.parse('{"a":{"__proto__":{"b":1}}}'), [['/a/__proto__', 'unknown_member']], false],
  ['a constructor', { labels: { constructor: 'x' } }, [['/labels/constructor', 'unknown_member']], false],
  [
    'a constructor with a prototype where any JSON may be',
    { target: { body: { a: { constructor: { prototype: { b: 1 } } } } } },
    [['/target/body/a/constructor', 'unknown_member']],
    false,
  ],
  [
    'a prototype where any JSON may be',
    JSON.parse('{"body":{"__proto__":1}}'),
    [['/body/__proto__', 'unknown_member']],
    false,
  ],
  ['a number beyond all numbers', JSON.parse('{"body":{"n":1e999}}'), [['/body/n', 'out_of_range']], false],
  ['names with / and ~', { 'a/b~': 'x\0' }, [['/a~1b~0', 'invalid_text']], false],
  ['nesting of 64', { body: nested(63) }, [], false],
  ['deeper nesting', { body: nested(70) }, [['', 'too_deep']], true],
  ['a long text', { name: 'x'.repeat(10_001) }, [['/name', 'too_long']], true],
  [
    'a long text where any JSON may be',
    { body: 'x'.repeat(500_000), target: { body: 'x'.repeat(500_000) } },
    [],
    false,
  ],
  ['a long list', { labels: Array(201).fill(1) }, [['/labels', 'too_many']], true],
  ['a long list where any JSON may be', { body: Array(50_000).fill(1) }, [], false],
  [
    'a long list where none belongs',
    { a: { target: { body: Array(201).fill(1) } } },
    [['/a/target/body', 'too_many']],
    true,
  ],
  ['lists of many things at once', { jobs: Array(1_000).fill({}), ids: Array(1_000).fill('x') }, [], false],
  ['too many of them', { jobs: Array(1_001).fill({}) }, [['/jobs', 'too_many']], true],
  ['such a list elsewhere', { filter: { ids: Array(201).fill('x') } }, [['/filter/ids', 'too_many']], true],
  [
    'any JSON in one of many',
    { jobs: [{ target: { body: Array(300).fill(1) } }], patch: { target: { body: 'x'.repeat(20_000) } } },
    [],
    false,
  ],
  [
    'not any JSON beside it',
    { jobs: [{ body: Array(201).fill(1) }], x: [{ target: { body: 'x'.repeat(10_001) } }] },
    [
      ['/x/0/target/body', 'too_long'],
      ['/jobs/0/body', 'too_many'],
    ],
    true,
  ],
  ['too many lists', { body: Array(20_001).fill([]) }, [['', 'too_many']], true],
  ['no object at all', 'x\0', [['', 'invalid_text']], false],
])('%s', (_, value, faults, tooMuch) => {
  const scan = scanJson(value);
  expect(scan.faults.map(({ pointer, code }) => [pointer, code])).toEqual(faults);
  expect(scan.tooMuch).toBe(tooMuch);
});

test('says no more than twenty times what is wrong', () => {
  expect(scanJson({ body: Array(10_000).fill('\0') }).faults).toHaveLength(20);
});

test.each<[string, string, boolean]>([
  ['as many as may be', JSON.stringify(Array(19_999).fill([])), false],
  ['one more', JSON.stringify(Array(20_000).fill([])), true],
  ['objects', JSON.stringify(Array(20_000).fill({})), true],
  ['brackets in a text', JSON.stringify(['[{'.repeat(30_000)]), false],
  ['brackets behind quotes in a text', JSON.stringify(['"[\\'.repeat(30_000)]), false],
  ['lists behind a text that ends in a backslash', `["\\\\",${'[],'.repeat(20_000)}1]`, true],
  ['no JSON', '['.repeat(50_000), true],
  ['nothing', '', false],
])('counts lists and objects before they are read: %s', (_, text, isTooMany) => {
  expect(tooManyInText(text)).toEqual(isTooMany ? { pointer: '', code: 'too_many', detail: expect.any(String) } : null);
});
