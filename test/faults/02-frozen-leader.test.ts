import { waitFor } from '../support/wait-for.js';
import type { Replica } from './support/replica.js';
import { everySeconds } from './support/rhythm.js';
import { scenario } from './support/scenario.js';
import { amount } from './support/seed.js';
import type { Stage } from './support/stage.js';
import type { WatchedJob } from './support/watched-job.js';

const TTL_MS = 1_000;
const ENV = { LEADER_TTL: 'PT1S', LEASE: '3s' };

function watchSeconds(stage: Stage, round: number, count: number): Promise<WatchedJob[]> {
  return stage.watch(
    Array.from({ length: count }, (_, n) => ({ name: `job-${round}-${n}`, rhythm: everySeconds(1), path: 'old' })),
  );
}

/** Every job is edited, paused or deleted by way of the replicas that are awake. */
async function changeAll(stage: Stage, jobs: readonly WatchedJob[]): Promise<void> {
  const through = (): Replica => stage.random.pick(stage.cluster.up);
  const changes = jobs.map((job, index) => {
    switch (index % 3) {
      case 0:
        return stage.edit(job, { target: stage.sink.url('new') }, everySeconds(stage.random.pick([2, 5])), through());
      case 1:
        return stage.pause(job, through());
      default:
        return stage.remove(job, through());
    }
  });
  await Promise.all(changes);
}

scenario('2a leader frozen beyond its lease, jobs changed meanwhile', { env: ENV }, async (stage) => {
  const { cluster, random } = stage;
  for (let round = 0; round < amount(3, 20); round += 1) {
    const jobs = await watchSeconds(stage, round, 15);
    await stage.pass(random.between(1_000, 2_000));
    const leader = await cluster.leader();
    leader.freeze();
    await stage.pass(TTL_MS + random.between(100, 1_500));
    await changeAll(stage, jobs);
    await stage.pass(random.between(0, 500));
    leader.thaw();
    await stage.pass(random.between(500, 1_500));
  }
});

scenario(
  '2b leader frozen between reading what is due and writing it',
  { env: ENV, proxied: ['postgres'] },
  async (stage) => {
    const { random } = stage;
    for (let round = 0; round < amount(3, 20); round += 1) {
      const jobs = await watchSeconds(stage, round, 15);
      // In turn: what is due is locked, nothing is written; all is written, and not committed.
      const leader = await freezeAt(stage, round % 2 === 0 ? 'planning-write' : 'COMMIT');
      const changed = changeAll(stage, jobs);
      // In two rounds of four it wakes while its transaction still stands, and what it planned is in time. Else the changes are
      // acknowledged first, for Postgres ends what stands idle, and none of the plan may come true.
      if (round % 4 === 1 || round % 4 === 2) await stage.pass(random.between(500, 3_000));
      else await changed;
      leader.postgresProxy?.heal();
      leader.thaw();
      await changed;
      await stage.pass(random.between(500, 1_500));
    }
  },
);

/** Stops the leader at the moment when it sends this statement of a plan, which is held back on its way to Postgres. */
async function freezeAt({ cluster }: Stage, statement: string): Promise<Replica> {
  const leader = await cluster.leader();
  const proxy = leader.postgresProxy;
  if (proxy === null) throw new Error('this needs a proxy before Postgres');
  let planning = false;
  let caught = false;
  proxy.intercept = (chunk) => {
    planning ||= chunk.includes('planning-write');
    if (caught || !planning || !chunk.includes(statement)) return 'pass';
    caught = true;
    leader.freeze();
    return 'hold';
  };
  await waitFor(`the leader to send ${statement}`, () => caught, Boolean, { timeoutMs: 15_000 });
  return leader;
}
