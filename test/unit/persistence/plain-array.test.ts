import { plainArray, sharedArray, sparseArray } from '../../../src/persistence/plain-array.js';

it('an array literal as Postgres reads it', () => {
  expect(plainArray([1, null, 'schedule', true])).toBe('{1,NULL,schedule,true}');
});

it('one value stands for all that are alike, and only then', () => {
  expect(sharedArray(['queued', 'queued'])).toBe('{queued}');
  expect(sharedArray([0, 0, 1])).toBe('{0,0,1}');
  expect(sharedArray([])).toBe('{}');
});

it('none stands for nothing but nulls: one value alone must not spread to the others', () => {
  expect(sparseArray([null, null])).toBe('{}');
  expect(sparseArray([7, 7])).toBe('{7,7}');
  expect(sparseArray([null, 'misfire'])).toBe('{NULL,misfire}');
});
