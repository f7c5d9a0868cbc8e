import { Test, type TestingModule } from '@nestjs/testing';
import { CachingModule } from '../../../src/caching/caching.module.js';
import { PureResults } from '../../../src/caching/pure-results.js';

describe('PureResults', () => {
  let testing: TestingModule;
  let results: PureResults;
  const compute = jest.fn(() => ({ list: [1] }));

  beforeEach(async () => {
    compute.mockClear();
    testing = await Test.createTestingModule({ imports: [CachingModule] }).compile();
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

  it('keeps a hundred and forgets the oldest', async () => {
    for (let index = 0; index <= 100; index += 1) await results.of([index], compute);
    await results.of([100], compute);
    expect(compute).toHaveBeenCalledTimes(101);
    await results.of([0], compute);
    expect(compute).toHaveBeenCalledTimes(102);
  });

  it('hands on what went wrong, and tries again', async () => {
    const fails = () => {
      throw new Error('no');
    };
    await expect(results.of(['f'], fails)).rejects.toThrow('no');
    expect(await results.of(['f'], compute)).toEqual({ list: [1] });
  });
});
