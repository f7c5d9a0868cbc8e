import type { Rule } from '../../../src/domain/recurrence/schedule-type.js';
import { UnionRule } from '../../../src/domain/recurrence/union-rule.js';

/** Fires at each multiple of `every`; a question about the instant `failsOn` fails once. */
function ruleThatFailsOnce(every: number, failsOn: number): Rule {
  let failed = false;
  return {
    key: `every ${every}`,
    next(after) {
      if (after === failsOn && !failed) {
        failed = true;
        throw new Error('failed');
      }
      return (Math.floor(after / every) + 1) * every;
    },
    note: () => null,
  };
}

test('a question that failed leaves no answer behind', () => {
  const union = new UnionRule([ruleThatFailsOnce(10, 3)]);
  expect(union.next(25)).toBe(30);
  expect(() => union.next(3)).toThrow('failed');
  expect(union.next(15)).toBe(20);
});
