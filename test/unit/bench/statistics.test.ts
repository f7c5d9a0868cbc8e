import { fromBench } from './bench-modules.js';

interface Statistics {
  percentile(ascending: number[], share: number): number;
  percentiles(ascending: number[]): { p50: number; p99: number; max: number };
  median(values: number[]): number;
  longestGap(values: number[]): number;
  growthOf(values: number[]): number;
}

interface Judged {
  met: boolean | null;
  ratio?: number;
  goalText?: string;
}

interface Reports {
  judge(row: object): Judged;
  below(figure: string, value: number, unit: string, limit: number): object;
  atLeast(figure: string, value: number, unit: string, limit: number): object;
  none(figure: string, value: number): object;
  against(row: object, name: string, value: number, limit?: number | null, options?: { least: boolean }): object;
}

describe('figures of benchmarks', () => {
  let statistics: Statistics;
  let reports: Reports;

  beforeAll(async () => {
    statistics = await fromBench('statistics.mjs');
    reports = await fromBench('report.mjs');
  });

  it('takes percentiles by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, n) => n + 1);
    expect(statistics.percentiles(hundred)).toEqual({ p50: 50, p99: 99, max: 100 });
    expect(statistics.percentile([7], 0)).toBe(7);
    expect(statistics.percentile([7], 1)).toBe(7);
    expect(statistics.percentile([], 0.5)).toBeNaN();
  });

  it('takes the middle of unordered values', () => {
    expect(statistics.median([10, 9, 100])).toBe(10);
    expect(statistics.median([4, 1, 3, 2])).toBe(3);
    expect(statistics.median([])).toBeNaN();
  });

  it('finds the longest gap in any order', () => {
    expect(statistics.longestGap([30, 10, 11, 12])).toBe(18);
    expect(statistics.longestGap([5])).toBe(0);
  });

  it('holds the last fifth against the first', () => {
    expect(statistics.growthOf([100, 100, 100, 500, 500, 500, 500, 500, 110, 110])).toBeCloseTo(0.1);
    expect(statistics.growthOf([200, 100])).toBeCloseTo(-0.5);
  });

  it('judges a value by its goal', () => {
    expect(reports.judge(reports.below('x', 9, 'ms', 10)).met).toBe(true);
    expect(reports.judge(reports.below('x', 10, 'ms', 10)).met).toBe(false);
    expect(reports.judge(reports.atLeast('x', 10, '/s', 10)).met).toBe(true);
    expect(reports.judge(reports.none('x', 1))).toMatchObject({ met: false, exact: true });
    expect(reports.judge({ figure: 'x', value: 1 }).met).toBeNull();
  });

  it('judges a ratio to a baseline beside the value', () => {
    const row = reports.below('x', 50, 'ms', 60);
    expect(reports.judge(reports.against(row, 'peer', 100, 0.6))).toMatchObject({ met: true, ratio: 0.5 });
    expect(reports.judge(reports.against(row, 'peer', 100, 0.5)).met).toBe(false);
    expect(reports.judge(reports.against(row, 'peer', 100, 0.5, { least: true })).met).toBe(true);
    expect(reports.judge(reports.against({ figure: 'x', value: 50 }, 'peer', 100))).toMatchObject({
      met: null,
      ratio: 0.5,
    });
    expect(reports.judge(reports.against(reports.below('x', 70, 'ms', 60), 'peer', 700, 0.5)).met).toBe(false);
  });
});
