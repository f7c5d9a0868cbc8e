import { Reading } from '../../../src/monitoring/reading.js';

afterEach(() => jest.useRealTimers());

it('asks once for all who come within a while', async () => {
  jest.useFakeTimers();
  let asked = 0;
  const reading = new Reading(async () => (asked += 1), 5_000);
  expect(await Promise.all([reading.get(), reading.get()])).toEqual([1, 1]);
  jest.advanceTimersByTime(4_999);
  expect(await reading.get()).toBe(1);
  jest.advanceTimersByTime(1);
  expect(await reading.get()).toBe(2);
});

it('has nothing to say when there was no answer, and asks again later', async () => {
  jest.useFakeTimers();
  let away = true;
  const reading = new Reading(async () => (away ? Promise.reject(new Error('away')) : 7), 5_000);
  expect(await reading.get()).toBeNull();
  away = false;
  expect(await reading.get()).toBeNull();
  jest.advanceTimersByTime(5_000);
  expect(await reading.get()).toBe(7);
});

it('waits a second for an answer, and does not ask again who still owes one', async () => {
  jest.useFakeTimers();
  const answers: ((value: number) => void)[] = [];
  const reading = new Reading(() => new Promise<number>((resolve) => answers.push(resolve)), 5_000);
  const first = reading.get();
  await jest.advanceTimersByTimeAsync(1_000);
  expect(await first).toBeNull();
  await jest.advanceTimersByTimeAsync(60_000);
  expect(await reading.get()).toBeNull();
  expect(answers).toHaveLength(1);
  answers[0]?.(1);
  await jest.advanceTimersByTimeAsync(0);
  const next = reading.get();
  answers[1]?.(2);
  expect(await next).toBe(2);
});
