import { Logger } from '@nestjs/common';
import { DatabaseClock } from '../../../src/platform/clock.js';

/** A database whose clock is given, and a monotonic clock that passes by as much as each answer takes. */
class World {
  monotonicMs = 1_000;
  databaseAt = 50_000;
  hostAt = 50_000;
  /** Way there and way back of the next answers; the last one repeats. */
  trips: [number, number][] = [[1, 1]];

  constructor() {
    jest.spyOn(performance, 'now').mockImplementation(() => this.monotonicMs);
    jest.spyOn(Date, 'now').mockImplementation(() => this.hostAt);
  }

  pass(ms: number): void {
    this.monotonicMs += ms;
    this.databaseAt += ms;
    this.hostAt += ms;
  }

  query = async <Row>(): Promise<Row> => {
    const [there, back] = (this.trips.length > 1 ? this.trips.shift() : this.trips[0]) ?? [0, 0];
    this.pass(there);
    const at = this.databaseAt;
    this.pass(back);
    return [{ at }] as Row;
  };
}

const metrics = { clockOffset: { set: jest.fn() } as never };

afterEach(() => jest.restoreAllMocks());

describe('DatabaseClock', () => {
  it('follows the database by the monotonic clock, late by the way back and never ahead', async () => {
    const world = new World();
    world.trips = [[1, 3]];
    const clock = new DatabaseClock(world, metrics);
    await clock.sync();
    expect(world.databaseAt - clock.now()).toBe(3);
    world.pass(5_000);
    expect(world.databaseAt - clock.now()).toBe(3);
  });

  it('goes by the quickest of a few answers', async () => {
    const world = new World();
    world.trips = [
      [5, 40],
      [1, 1],
      [20, 30],
      [9, 9],
    ];
    const clock = new DatabaseClock(world, metrics);
    await clock.sync();
    expect(world.databaseAt - clock.now()).toBe(1);
  });

  it('keeps a good reading through a slow spell, but not against an answer that disproves it, and not for ever', async () => {
    const world = new World();
    const clock = new DatabaseClock(world, metrics);
    await clock.sync();
    world.pass(10_000);
    world.trips = [[50, 400]];
    await clock.sync();
    expect(world.databaseAt - clock.now()).toBe(1);
    world.databaseAt += 2_000; // set forward: what was known is wrong now
    await clock.sync();
    expect(world.databaseAt - clock.now()).toBe(400);
    world.trips = [[1, 1]];
    await clock.sync();
    expect(world.databaseAt - clock.now()).toBe(1);
    world.pass(61_000);
    world.trips = [[50, 400]];
    await clock.sync();
    expect(world.databaseAt - clock.now()).toBeGreaterThan(1);
  });

  it('does not care for steps of the host clock', async () => {
    const world = new World();
    const clock = new DatabaseClock(world, metrics);
    await clock.sync();
    const before = clock.now();
    world.hostAt += 3_600_000;
    world.pass(10);
    expect(clock.now()).toBe(before + 10);
  });

  it('stands still rather than run back a little', async () => {
    const world = new World();
    world.trips = [[0, 0]];
    const clock = new DatabaseClock(world, metrics);
    await clock.sync();
    const before = clock.now();
    world.trips = [[0, 200]];
    world.databaseAt -= 900;
    await clock.sync();
    expect(clock.now()).toBe(before);
    world.pass(2_000);
    expect(clock.now()).toBeGreaterThan(before);
  });

  it('goes back with a database that was set back far, as after a failover', async () => {
    const world = new World();
    const clock = new DatabaseClock(world, metrics);
    await clock.sync();
    clock.now();
    world.databaseAt -= 60_000;
    await clock.sync();
    expect(world.databaseAt - clock.now()).toBe(1);
  });

  it('tells when it was set, and not when an answer came late', async () => {
    const world = new World();
    const clock = new DatabaseClock(world, metrics);
    let times = 0;
    clock.onSet(() => (times += 1));
    await clock.sync();
    world.trips = [[5, 900]];
    await clock.sync();
    expect(times).toBe(0);
    world.trips = [[1, 1]];
    world.databaseAt += 3_600_000;
    expect(clock.agrees(world.databaseAt, clock.now())).toBe(false);
    await clock.sync();
    expect(times).toBe(1);
    expect(clock.agrees(world.databaseAt, clock.now())).toBe(true);
    world.databaseAt -= 3_600_000;
    await clock.sync();
    expect(times).toBe(2);
  });

  it('warns once when the host is off by more than a second, and tells when that is over', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    const log = jest.spyOn(Logger.prototype, 'log').mockImplementation();
    const world = new World();
    world.hostAt += 120_000;
    const clock = new DatabaseClock(world, metrics);
    await clock.sync();
    await clock.sync();
    expect(clock.offsetMs).toBe(120_001);
    expect(warn.mock.calls).toEqual([[expect.stringContaining("120.0 s ahead of the database's")]]);
    world.hostAt -= 120_000;
    await clock.sync();
    expect(log).toHaveBeenCalledTimes(1);
  });

  it('refuses to tell the time before it knows it', () => {
    expect(() => new DatabaseClock(new World(), metrics).now()).toThrow('before it was set');
  });
});
