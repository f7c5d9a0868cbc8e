import { Global, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { BoundedStore } from '../../../src/caching/bounded-store.js';
import { CachingModule } from '../../../src/caching/caching.module.js';
import { KeptValues } from '../../../src/caching/kept-values.js';
import { PureResults } from '../../../src/caching/pure-results.js';
import { Config } from '../../../src/platform/config.js';
import { Metrics } from '../../../src/platform/metrics.js';
import { OneTurn } from '../../../src/platform/one-turn.js';

function moduleWith(cache: boolean): Promise<TestingModule> {
  @Global()
  @Module({
    providers: [{ provide: Config, useValue: { cache, redisUrl: null } }, Metrics],
    exports: [Config, Metrics],
  })
  class TestPlatform {}
  return Test.createTestingModule({ imports: [TestPlatform, CachingModule] }).compile();
}

describe('PureResults', () => {
  let testing: TestingModule;
  let results: PureResults;
  const compute = jest.fn(() => ({ list: [1] }));

  beforeEach(async () => {
    compute.mockClear();
    testing = await moduleWith(true);
    results = testing.get(PureResults);
  });
  afterEach(() => testing.close());

  it('computes once for the same arguments, even when asked at the same time', async () => {
    await Promise.all([results.of(['f', { a: 1 }], compute), results.of(['f', { a: 1 }], compute)]);
    expect(await results.of(['f', { a: 1 }], compute)).toEqual({ list: [1] });
    expect(compute).toHaveBeenCalledTimes(1);
  });

  it('computes anew for others', async () => {
    await results.of(['f', { a: 1 }], compute);
    await results.of(['f', { a: 2 }], compute);
    await results.of(['g', { a: 1 }], compute);
    expect(compute).toHaveBeenCalledTimes(3);
  });

  it('hands on what went wrong, and tries again', async () => {
    const fails = () => {
      throw new Error('no');
    };
    await expect(results.of(['f'], fails)).rejects.toThrow('no');
    expect(await results.of(['f'], compute)).toEqual({ list: [1] });
  });

  it('counts hits and misses', async () => {
    for (const argument of [1, 1, 2]) await results.of(['f', argument], compute);
    const text = await testing.get(Metrics).registry.metrics();
    expect(text).toContain('carillon_cache_lookups_total{of="f",found="hit"} 1');
    expect(text).toContain('carillon_cache_lookups_total{of="f",found="miss"} 2');
  });
});

describe('CACHE=off', () => {
  it('keeps nothing', async () => {
    const testing = await moduleWith(false);
    const compute = jest.fn(() => 1);
    await testing.get(PureResults).of(['f'], compute);
    await testing.get(PureResults).of(['f'], compute);
    testing.get(KeptValues).keep('a', 1);
    expect(await testing.get(KeptValues).find(['a'])).toEqual([undefined]);
    expect(compute).toHaveBeenCalledTimes(2);
    await testing.close();
  });
});

describe('BoundedStore', () => {
  const LARGE = 'x'.repeat(95);

  it('gives up the oldest for the new, by their length', () => {
    const store = new BoundedStore(10_000);
    for (let index = 0; index < 200; index += 1) store.set(`${index}`, LARGE);
    expect(store.size).toBeGreaterThan(90);
    expect(store.size).toBeLessThanOrEqual(100);
    expect([store.has('0'), store.has('199')]).toEqual([false, true]);
  });

  it('counts what was replaced or deleted no more', () => {
    const store = new BoundedStore(1_000);
    for (let index = 0; index < 1_000; index += 1) store.set('same', index);
    for (let index = 0; index < 1_000; index += 1) {
      store.set(`${index}`, index);
      store.delete(`${index}`);
    }
    expect([...store.keys()]).toEqual(['same']);
    store.clear();
    expect(store.set('a', 1).size).toBe(1);
  });

  it('keeps no giant', () => {
    const store = new BoundedStore(10_000);
    store.set('small', 1).set('small', 'x'.repeat(101));
    expect(store.size).toBe(0);
  });
});

describe('OneTurn', () => {
  it('joins what is asked in one turn, and starts after all of it', async () => {
    const calls: string[][] = [];
    const turn = new OneTurn(async (items: readonly string[]) => {
      calls.push([...items]);
      return items.map((item) => item.toUpperCase());
    });
    expect(await Promise.all([turn.add('a'), turn.add('b')])).toEqual(['A', 'B']);
    expect(await turn.add('c')).toBe('C');
    expect(calls).toEqual([['a', 'b'], ['c']]);
  });

  it('does not join a call that is under way', async () => {
    let release: (() => void) | undefined;
    const calls: number[] = [];
    const turn = new OneTurn(async (items: readonly number[]) => {
      calls.push(items.length);
      if (calls.length === 1) await new Promise<void>((resolve) => (release = resolve));
      return items;
    });
    const slow = turn.add(1);
    await new Promise(setImmediate);
    expect(await turn.add(2)).toBe(2);
    release?.();
    expect([await slow, calls]).toEqual([1, [1, 1]]);
  });

  it('gathers what comes while calls enough are under way, and none of them waits for all of those', async () => {
    const releases: (() => void)[] = [];
    const calls: number[][] = [];
    const turn = new OneTurn(async (items: readonly number[]) => {
      calls.push([...items]);
      await new Promise<void>((resolve) => releases.push(resolve));
      return items;
    });
    const asked: Promise<number>[] = [];
    for (let item = 1; item <= 6; item += 1) {
      asked.push(turn.add(item));
      await new Promise(setImmediate);
    }
    expect(calls).toEqual([[1], [2], [3]]);
    releases[1]?.();
    expect(await asked[1]).toBe(2);
    await new Promise(setImmediate);
    expect(calls).toEqual([[1], [2], [3], [4, 5, 6]]);
    for (const release of releases) release();
    expect(await Promise.all(asked)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('tells all of them what went wrong', async () => {
    const turn = new OneTurn(() => Promise.reject(new Error('no')));
    const answers = await Promise.allSettled([turn.add(1), turn.add(2)]);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
