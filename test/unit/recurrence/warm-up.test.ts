import { warmUpRecurrence } from '../../../src/domain/recurrence/warm-up.js';

test('the warm-up finds occurrences in every round, whatever the day', () => {
  for (const now of [Date.UTC(2026, 10, 30), Date.UTC(2030, 1, 28), Date.UTC(2099, 11, 31)]) {
    expect(warmUpRecurrence(now)).toBe(500);
  }
});
