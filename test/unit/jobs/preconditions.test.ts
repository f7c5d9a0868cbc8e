import { Problem } from '../../../src/domain/errors.js';
import {
  isKnown,
  jobTag,
  NO_PRECONDITIONS,
  parseTagList,
  refuseUnmet,
  type Preconditions,
} from '../../../src/domain/preconditions.js';

const strong = (opaque: string) => ({ weak: false, opaque });

describe('a list of tags', () => {
  test.each([
    ['*', '*'],
    [' * ', '*'],
    ['"a"', [strong('a')]],
    ['""', [strong('')]],
    ['W/"a"', [{ weak: true, opaque: 'a' }]],
    ['"a", "b" ,W/"c"', [strong('a'), strong('b'), { weak: true, opaque: 'c' }]],
    ['"a,b","c"', [strong('a,b'), strong('c')]],
    [', "a",, "b",', [strong('a'), strong('b')]],
  ])('%s', (text, list) => {
    expect(parseTagList(text)).toEqual(list);
  });

  test.each([
    '',
    ',',
    'a',
    '"a',
    'a"',
    '"a" "b"',
    '"a"b',
    'w/"a"',
    'W/a',
    'W/ "a"',
    '*, "a"',
    '"a", *',
    '"a b"',
    "'a'",
  ])('%j is none', (text) => {
    expect(parseTagList(text)).toBeNull();
  });
});

describe('a write', () => {
  const now = { id: '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11', version: 3 };
  const hash = '0123456789abcdef';
  const tagOf = (version: number, id = now.id) => jobTag({ id, version }, hash);
  const isRefused = (conditions: Partial<Preconditions>, current: typeof now | null = now): boolean => {
    try {
      refuseUnmet({ ...NO_PRECONDITIONS, ...conditions }, current);
      return false;
    } catch (error) {
      if (error instanceof Problem && error.code === 'precondition_failed') return true;
      throw error;
    }
  };

  test.each<[string, Partial<Preconditions>, boolean]>([
    ['on any terms', {}, false],
    ['on what there is', { ifMatch: '*' }, false],
    ['on this version', { ifMatch: [strong(tagOf(3))] }, false],
    ['on this version, though runs changed it', { ifMatch: [strong(jobTag(now, 'fedcba9876543210'))] }, false],
    ['on one of several', { ifMatch: [strong('x'), strong(tagOf(3))] }, false],
    ['on an older version', { ifMatch: [strong(tagOf(2))] }, true],
    ['on a version whose number only begins alike', { ifMatch: [strong(tagOf(33))] }, true],
    ['on another job of the same version', { ifMatch: [strong(tagOf(3, now.id.replace(/11$/, '12')))] }, true],
    ['on a tag that is no whole tag', { ifMatch: [strong('3-1f1d2a11')] }, true],
    ['on a weak tag', { ifMatch: [{ weak: true, opaque: tagOf(3) }] }, true],
    ['on there being none', { ifNoneMatch: '*' }, true],
    ['on it not being this version', { ifNoneMatch: [{ weak: true, opaque: tagOf(3) }] }, true],
    ['on it not being another version', { ifNoneMatch: [strong(tagOf(2))] }, false],
  ])('%s', (_, conditions, refused) => {
    expect(isRefused(conditions)).toBe(refused);
  });

  test('where there is no job', () => {
    expect(isRefused({}, null)).toBe(false);
    expect(isRefused({ ifNoneMatch: '*' }, null)).toBe(false);
    expect(isRefused({ ifMatch: '*' }, null)).toBe(true);
    expect(isRefused({ ifMatch: [strong(tagOf(3))] }, null)).toBe(true);
  });
});

test('a read knows only the very answer', () => {
  expect(isKnown(null, 'a')).toBe(false);
  expect(isKnown('*', 'a')).toBe(true);
  expect(isKnown([{ weak: true, opaque: 'a' }], 'a')).toBe(true);
  expect(isKnown([strong('b')], 'a')).toBe(false);
});
