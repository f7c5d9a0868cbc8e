import { waitFor } from '../support/wait-for.js';
import { makeDatabaseClockSettable, shiftDatabaseClock } from './clocks/database-clock.js';
import { HostClocks } from './clocks/host-clocks.js';
import { clockChangeJobs } from './clocks/clock-change-jobs.js';
import { mixedJobs } from './support/mixed-jobs.js';
import { everySeconds } from './support/rhythm.js';
import { scenario } from './support/scenario.js';
import { amount, IS_LONG, runSeed } from './support/seed.js';
import type { Stage } from './support/stage.js';

const ENV = { LEADER_TTL: '1s', LEASE: '3s' };
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Beyond what reading it costs. */
const OFFSET_TOLERANCE_MS = 2_000;

const hosts = new HostClocks(3);
afterAll(() => hosts.dispose());
/** The third one is right. */
const WRONG_BY_MS = [5 * MINUTE_MS, -5 * MINUTE_MS, 0];

function startWrong(index: number): Record<string, string> {
  hosts.step(index, WRONG_BY_MS[index] ?? 0);
  return hosts.envOf(index);
}

scenario('7a hosts five minutes off, then stepped by an hour', { env: ENV, envOf: startWrong }, async (stage) => {
  const { cluster, random } = stage;
  await stage.watch(mixedJobs(stage, 20));
  await expectOffsets(stage, WRONG_BY_MS);
  const shifts = WRONG_BY_MS.map((wrongMs) => [wrongMs + HOUR_MS, wrongMs - HOUR_MS, wrongMs]);
  for (let round = 0; round < amount(1, 10); round += 1) {
    for (let step = 0; step < 3; step += 1) {
      // Each of them leads, and hands the lock on, by a clock of its own.
      const leader = await cluster.leader();
      await leader.stop();
      await leader.start();
      await stage.pass(random.between(300, 1_000));
      for (const [index, steps] of shifts.entries()) hosts.step(index, steps[step] ?? 0);
      await stage.pass(random.between(1_000, 1_500));
    }
  }
});

/** Every replica knows how far its host is off. */
async function expectOffsets(stage: Stage, expectedMs: readonly number[]): Promise<void> {
  for (const [index, replica] of stage.cluster.replicas.entries()) {
    const { clockOffsetMs } = await replica.system();
    const metricMs = (await replica.metric('carillon_clock_offset_seconds')) * 1_000;
    const wrongMs = expectedMs[index] ?? 0;
    for (const seenMs of [clockOffsetMs, metricMs]) {
      if (Math.abs(seenMs - wrongMs) > OFFSET_TOLERANCE_MS) {
        stage.breach(`replica ${replica.name}'s host is ${wrongMs} ms off, and it says ${seenMs} ms`);
      }
    }
    const warned = replica.lines.some((line) => line.includes("this host's clock is"));
    if (warned !== (wrongMs !== 0)) stage.breach(`replica ${replica.name} ${warned ? 'warned' : 'did not warn'}`);
  }
}

scenario(
  '7b the clock of the database stepped back and forward by an hour',
  { env: ENV, prepare: makeDatabaseClockSettable, ledgerTimes: false },
  async (stage) => {
    const { cluster, random } = stage;
    await stage.watch(mixedJobs(stage, 20));
    for (let round = 0; round < amount(1, 5); round += 1) {
      await stage.pass(random.between(1_000, 2_000));
      await shiftDatabaseClock(cluster.pool, -HOUR_MS);
      // Replicas read it every 10 s, each at its own time; one that starts reads it at once, and leads by it.
      await stage.pass(random.between(0, amount(2_000, 15_000)));
      const leader = await cluster.leader();
      await leader.kill();
      await leader.start();
      await stage.pass(random.between(2_000, amount(4_000, 30_000)));
      await shiftDatabaseClock(cluster.pool, 0);
      // Until then some replicas plan by the right time and others believe that it is an hour ago.
      await waitFor('every replica to have read it', () => offsetsMs(stage), isRight, { timeoutMs: 15_000 });
    }
  },
);

function offsetsMs({ cluster }: Stage): Promise<number[]> {
  return Promise.all(cluster.replicas.map(async (replica) => (await replica.system()).clockOffsetMs));
}

function isRight(offsets: readonly number[]): boolean {
  return offsets.every((offsetMs) => Math.abs(offsetMs) < OFFSET_TOLERANCE_MS);
}

/** All clocks of Europe change at the same moment. */
const SPRING = Date.UTC(2027, 2, 28, 1);
const AUTUMN = Date.UTC(2027, 9, 31, 1);
/** For the replicas to start and the jobs to be created. */
const BEFOREHAND_MS = 20_000;

/** In the short form one of the two nights, by the seed. */
const NIGHTS = [
  { name: 'spring', at: SPRING },
  { name: 'autumn', at: AUTUMN },
].filter((_, index) => IS_LONG || index === runSeed() % 2);

for (const { name, at } of NIGHTS) {
  const options = {
    env: ENV,
    prepare: (pool: Parameters<typeof makeDatabaseClockSettable>[0]) =>
      makeDatabaseClockSettable(pool, at - BEFOREHAND_MS - Date.now()),
  };
  scenario(`7c the night when clocks change in eight zones, ${name}`, options, async (stage) => {
    const { cluster, random } = stage;
    await stage.watch([...clockChangeJobs(at), { name: 'beside', rhythm: everySeconds(1) }]);
    const leftMs = at - stage.now().latest;
    if (!(leftMs > 0 && leftMs < BEFOREHAND_MS)) throw new Error(`the clocks change ${leftMs} ms from now`);
    stage.note(`the clocks changed ${Math.round(leftMs)} ms after the jobs had been created`);
    // The leader dies just before or just after the change.
    await stage.pass(leftMs + random.between(-1_000, 200));
    const leader = await cluster.leader();
    await leader.kill();
    await leader.start();
    await stage.pass(Math.max(0, at + amount(5_000, 60_000) - stage.now().latest));
  });
}
