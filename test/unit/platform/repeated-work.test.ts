import type { Logger } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { RepeatedWork } from '../../../src/platform/repeated-work.js';

const said: string[] = [];
const logger = { warn: (text: string) => said.push(text) } as unknown as Logger;
let registry: SchedulerRegistry;
let repeated: RepeatedWork;

beforeEach(() => {
  jest.useFakeTimers();
  said.length = 0;
  registry = new SchedulerRegistry();
  repeated = new RepeatedWork(registry, logger);
});

afterEach(() => {
  repeated.end();
  jest.useRealTimers();
});

it('begins no pass while one is under way, and holds up no other work', async () => {
  const begun = { slow: 0, quick: 0 };
  let finish = (): void => undefined;
  repeated.begin('slow', 10, () => {
    begun.slow += 1;
    return new Promise<void>((resolve) => (finish = resolve));
  });
  repeated.begin('quick', 10, async () => (begun.quick += 1));
  await jest.advanceTimersByTimeAsync(35);
  expect(begun).toEqual({ slow: 1, quick: 3 });
  finish();
  await jest.advanceTimersByTimeAsync(10);
  expect(begun).toEqual({ slow: 2, quick: 4 });
  finish();
});

it('says that a pass failed, and comes again', async () => {
  let passes = 0;
  repeated.begin('rollups', 10, async () => {
    passes += 1;
    throw new Error('no database');
  });
  await jest.advanceTimersByTimeAsync(20);
  expect(passes).toBe(2);
  expect(said[0]).toBe('rollups failed and comes again in 10 ms: Error: no database');
});

it('ends: nothing begins any more, and what is under way is waited for', async () => {
  let passes = 0;
  let finish = (): void => undefined;
  repeated.begin('rollups', 10, () => {
    passes += 1;
    return new Promise<void>((resolve) => (finish = resolve));
  });
  await jest.advanceTimersByTimeAsync(10);
  repeated.end();
  expect(registry.getIntervals()).toEqual([]);
  let isOver = false;
  const over = repeated.over().then(() => (isOver = true));
  await jest.advanceTimersByTimeAsync(50);
  expect([passes, isOver]).toEqual([1, false]);
  finish();
  await over;
  expect(isOver).toBe(true);
});
