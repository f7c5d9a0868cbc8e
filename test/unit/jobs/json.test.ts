import fc from 'fast-check';
import { canonicalJson, isDeeperThan, mergePatch, sameJson } from '../../../src/domain/json.js';

// RFC 7396, appendix A.
test.each([
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
])('%j patched with %j is %j', (target, patch, merged) => {
  expect(mergePatch(target, patch)).toEqual(merged);
});

test('a patch reaches no prototype and changes neither argument', () => {
  const target = Object.freeze({ a: Object.freeze({ b: 1 }) });
  const patch: unknown = JSON.parse('{"__proto__":{"polluted":true},"a":{"c":2},"constructor":{"prototype":{"x":1}}}');
  const merged = mergePatch(target, patch) as Record<string, unknown>;
  expect(Object.keys(merged)).toEqual(['a', '__proto__', 'constructor']);
  expect(merged['a']).toEqual({ b: 1, c: 2 });
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
});

test.each([
  [{ a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1 }, true],
  [{ a: undefined, b: 1 }, { b: 1 }, true],
  [{ a: 1 }, { a: 1, b: 2 }, false],
  [{ a: 1, b: 2 }, { a: 1, c: 2 }, false],
  [[1, 2], [2, 1], false],
  [[], {}, false],
  [null, {}, false],
  [{ a: null }, {}, false],
  ['1', 1, false],
  [{ constructor: 1 }, { toString: 1 }, false],
])('%j and %j are the same: %j', (left, right, same) => {
  expect(sameJson(left, right)).toBe(same);
  expect(sameJson(right, left)).toBe(same);
});

test('a value is the same as its copy through JSON', () => {
  // JSON has no negative zero.
  const values = fc.jsonValue({ noUnicodeString: false }).map((value): unknown => JSON.parse(JSON.stringify(value)));
  fc.assert(fc.property(values, (value) => sameJson(value, JSON.parse(JSON.stringify(value)))));
});

test('values have one text when they are the same, and another when they are not', () => {
  const values = fc.jsonValue({ noUnicodeString: false }).map((value): unknown => JSON.parse(JSON.stringify(value)));
  const turned = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value), (_name, member: unknown) =>
      typeof member === 'object' && member !== null && !Array.isArray(member)
        ? Object.fromEntries(Object.entries(member).reverse())
        : member,
    );
  fc.assert(fc.property(values, (value) => canonicalJson(turned(value)) === canonicalJson(value)));
  fc.assert(
    fc.property(values, values, (one, other) => sameJson(one, other) === (canonicalJson(one) === canonicalJson(other))),
  );
  expect([canonicalJson(undefined), canonicalJson({ b: [{ d: 1, c: null }], a: 'x' })]).toEqual([
    '',
    '{"a":"x","b":[{"c":null,"d":1}]}',
  ]);
});

test.each<[unknown, number, boolean]>([
  ['x', 0, false],
  [null, 0, false],
  [{}, 0, true],
  [{}, 1, false],
  [{ a: 1, b: [2] }, 1, true],
  [{ a: 1, b: [2] }, 2, false],
  [JSON.parse('['.repeat(400_000) + ']'.repeat(400_000)), 100, true],
])('depth %#', (value, levels, deeper) => {
  expect(isDeeperThan(value, levels)).toBe(deeper);
});
