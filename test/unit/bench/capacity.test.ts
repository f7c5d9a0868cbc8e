import { fromBench } from './bench-modules.js';

interface Fire {
  schedulerMicros: number;
  workerMicros: number;
  postgresMicros: number;
  redisMicros: number;
  walBytes: number;
}

interface Result {
  fires: number;
  called: number;
  lastMs: number;
  latenessMs: { p50: number; p99: number; max: number };
  busy: Record<string, number>;
}

interface Simulation {
  simulate(settings: object): Result;
  arrivalsOf(load: object): { atMs: number; fires: number }[];
}

interface Model {
  firesPerSecond(load: object): number;
  demandOf(load: object, costs: object): Record<string, number>;
  limitsOf(deployment: object, costs: object): { part: string; firesPerSecond: number }[];
}

interface Queue {
  push(at: number, act: () => void): void;
  pop(): { at: number; act: () => void } | null;
}

const FIRE: Fire = { schedulerMicros: 20, workerMicros: 80, postgresMicros: 100, redisMicros: 10, walBytes: 1_000 };
const REQUEST = { apiMicros: 100, postgresMicros: 50, redisMicros: 10 };
const COSTS = { job: { bytes: 1_000 }, run: { bytes: 500 }, fire: FIRE, request: { read: REQUEST, create: REQUEST } };
const LARGE = { workers: 10, postgresCores: 16, concurrency: 500 };

describe('the model of capacity', () => {
  let model: Model;

  beforeAll(async () => {
    model = await fromBench('../capacity/model.mjs');
  });

  const load = {
    ...{ jobs: 1_000_000, retentionDays: 10, readsPerSecond: 1_000, writesPerSecond: 0 },
    mix: [
      { share: 0.5, everySeconds: 1_000 },
      { share: 0.5, everySeconds: 500 },
    ],
  };

  it('adds up what each part is asked for', () => {
    expect(model.firesPerSecond(load)).toBe(1_500);
    const demand = model.demandOf(load, COSTS);
    expect(demand).toMatchObject({ schedulerCores: 0.03, workerCores: 0.12, apiCores: 0.1, workers: 1, apis: 1 });
    expect(demand['postgresCores']).toBeCloseTo(0.15 + 0.05);
    expect(demand).toMatchObject({ jobsBytes: 1e9, walBytesPerSecond: 1_500_000 });
    expect(demand['runsBytes']).toBe(1_500 * 86_400 * 10 * 500);
  });

  it('names first the part that ends first', () => {
    const parts = (deployment: object): string[] => model.limitsOf(deployment, COSTS).map(({ part }) => part);
    expect(parts({ postgresCores: 2, workers: 10 })[0]).toBe('postgres');
    expect(parts({ postgresCores: 64, workers: 1 })[0]).toBe('workers');
    expect(parts({ postgresCores: 64, workers: 90 })[0]).toBe('leader');
    expect(model.limitsOf({ postgresCores: 64, workers: 90 }, COSTS)[0]?.firesPerSecond).toBeCloseTo(35_000);
  });
});

describe('the simulation', () => {
  let simulation: Simulation;

  beforeAll(async () => {
    simulation = await fromBench('../capacity/simulation.mjs');
  });

  const herd = (fires: number, deployment: object = LARGE): Result =>
    simulation.simulate({ deployment, arrivals: [{ atMs: 0, fires }], costs: FIRE, targetMs: 10 });

  it('calls a single fire after the sum of its steps', () => {
    // 20 planned, 30 of Postgres to plan and 35 to claim, 10 in Redis, 80 in the worker.
    expect(herd(1).lastMs).toBeCloseTo(0.175);
  });

  it('lets the slowest part decide how long a herd takes', () => {
    // The leader takes 20 µs each, all others together have more to give.
    expect(herd(100_000).lastMs).toBeGreaterThan(2_000);
    expect(herd(100_000).lastMs).toBeLessThan(2_200);
    // One worker of 80 µs each.
    expect(herd(100_000, { ...LARGE, workers: 1 }).lastMs).toBeGreaterThan(8_000);
  });

  it('shares the cores of one machine among all', () => {
    // Two cores: all that is done before the last call, over two.
    const { lastMs } = herd(10_000, { workers: 1, sharedCores: 2, concurrency: 500 });
    expect(lastMs).toBeGreaterThan((10_000 * 0.175) / 2);
    expect(lastMs).toBeLessThan((10_000 * 0.21) / 2 + 20);
  });

  it('keeps calls back that have no room', () => {
    const narrow = { ...LARGE, workers: 1, concurrency: 64 };
    const { lastMs } = simulation.simulate({
      ...{ deployment: narrow, arrivals: [{ atMs: 0, fires: 640 }], costs: FIRE, targetMs: 1_000 },
    });
    expect(lastMs).toBeGreaterThan(9_000);
  });

  it('loses nothing, and is busy as the sum of what it does', () => {
    const arrivals = simulation.arrivalsOf({
      ...{ firesPerSecond: 5_000, seconds: 60, onTheMinute: 0.3, random: () => 0.5 },
    });
    const result = simulation.simulate({ deployment: LARGE, arrivals, costs: FIRE, targetMs: 10, endMs: 60_000 });
    expect(result.called).toBe(result.fires);
    expect(result.busy['leader']).toBeCloseTo((result.fires * 20e-6) / 60);
    expect(result.busy['postgres']).toBeCloseTo((result.fires * 100e-6) / (60 * 16));
    expect(arrivals[0]?.fires).toBeGreaterThan(90_000);
  });
});

describe('the queue of events', () => {
  it('gives them in the order of their instants, equal ones as they came', async () => {
    const { EventQueue } = await fromBench<{ EventQueue: new () => Queue }>('../capacity/event-queue.mjs');
    const queue = new EventQueue();
    const instants = [5, 1, 3, 1, 9, 3, 3, 0, 7, 1];
    const order: string[] = [];
    for (const [n, at] of instants.entries()) queue.push(at, () => order.push(`${at}.${n}`));
    for (let event = queue.pop(); event !== null; event = queue.pop()) event.act();
    expect(order).toEqual(['0.7', '1.1', '1.3', '1.9', '3.2', '3.5', '3.6', '5.0', '7.8', '9.4']);
  });
});

describe('tables of a page', () => {
  it('stand between their markers, and nothing else changes', async () => {
    const { withTables } = await fromBench<{ withTables: (page: string, tables: Record<string, string>) => string }>(
      '../capacity/tables.mjs',
    );
    const page = 'a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n';
    const written = withTables(page, { x: '| t |' });
    expect(written).toBe('a\n<!-- x:begin -->\n\n| t |\n\n<!-- x:end -->\nb\n');
    expect(withTables(written, { x: '| t |' })).toBe(written);
    expect(() => withTables(page, { y: '' })).toThrow(/markers/);
  });
});
