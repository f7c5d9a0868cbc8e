import { fromBench } from './bench-modules.js';

interface Axis {
  ticks: number[];
  at(value: number): number;
}

interface Chart {
  title: string;
  x: { label: string; unit?: string; log?: boolean };
  y: { label: string; unit?: string; log?: boolean };
  series: { name: string; points: [number, number][] }[];
}

interface Svg {
  axis(of: { log?: boolean }, values: number[], ends: [number, number], options: { fromZero: boolean }): Axis;
  lineChart(chart: Chart): string;
}

describe('curves of benchmarks', () => {
  let svg: Svg;

  beforeAll(async () => {
    svg = await fromBench('svg.mjs');
  });

  it('spaces powers of ten evenly', () => {
    const axis = svg.axis({ log: true }, [1_000, 1_000_000], [0, 300], { fromZero: false });
    expect(axis.ticks).toEqual([1_000, 10_000, 100_000, 1_000_000]);
    expect(axis.ticks.map((tick) => Math.round(axis.at(tick)))).toEqual([0, 100, 200, 300]);
  });

  it.each([
    [
      [3, 41],
      [0, 10, 20, 30, 40, 50],
    ],
    [
      [0.02, 0.9],
      [0, 0.2, 0.4, 0.6, 0.8, 1],
    ],
    [[700], [0, 200, 400, 600, 800]],
    [
      [0, 0],
      [0, 1],
    ],
  ])('begins at zero and ends at a round number above %j', (values, ticks) => {
    const up = svg.axis({}, values, [100, 0], { fromZero: true });
    expect(up.ticks).toEqual(ticks);
    expect(up.at(0)).toBe(100);
    expect(up.at(Number(ticks.at(-1)))).toBe(0);
  });

  it('names axes with units, draws every point, and is readable on light and dark pages', () => {
    const text = svg.lineChart({
      title: 'A & B < C',
      x: { label: 'jobs', log: true },
      y: { label: 'latency', unit: 'ms' },
      series: [
        {
          name: 'list',
          points: [
            [10, 1],
            [100, 2],
            [1_000, 3],
          ],
        },
        {
          name: 'read',
          points: [
            [10, 1],
            [100, 1],
          ],
        },
      ],
    });
    expect(text).toContain('>latency, ms<');
    expect(text).toContain('>A &amp; B &lt; C<');
    expect(text.match(/<circle/g)).toHaveLength(5);
    expect(text).toContain('prefers-color-scheme:dark');
    expect(text).toContain('list: 10: 1; 100: 2; 1000: 3');
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('keeps the names of curves that end together apart', () => {
    const chart = (name: string): { name: string; points: [number, number][] } => ({
      name,
      points: [
        [1, 5],
        [2, 5],
      ],
    });
    const text = svg.lineChart({
      title: 'three',
      x: { label: 'x' },
      y: { label: 'y' },
      series: [chart('one'), chart('two'), chart('three')],
    });
    const heights = [...text.matchAll(/class="name n\d" x="\d+" y="([\d.]+)"/g)]
      .map(([, y]) => Number(y))
      .sort((a, b) => a - b);
    expect(heights).toHaveLength(3);
    expect(heights[1]! - heights[0]!).toBeGreaterThanOrEqual(14);
    expect(heights[2]! - heights[1]!).toBeGreaterThanOrEqual(14);
  });

  it('refuses a chart without points', () => {
    const empty = { title: '', x: { label: '' }, y: { label: '' }, series: [{ name: 'a', points: [] }] };
    expect(() => svg.lineChart(empty)).toThrow(RangeError);
  });
});
