import { everySeconds } from './support/rhythm.js';
import { scenario } from './support/scenario.js';
import { amount } from './support/seed.js';
import type { JobSpec, Stage } from './support/stage.js';

const LEADER_TTL = '1s';
const LEASE = '3s';

/** Quick ones, slow ones that are killed in the middle, ones that fail first, and one of each policy. */
function mixedJobs({ sink }: Stage, quick: number): JobSpec[] {
  sink.answer('slow', { delayMs: 700 });
  sink.answer('flaky', (_request, count) => ({ status: count % 3 === 0 ? 503 : 200 }));
  const grace = { graceMs: 1_000 };
  return [
    ...Array.from({ length: quick }, (_, n) => ({ name: `quick-${n}`, rhythm: everySeconds(1) })),
    ...Array.from({ length: 5 }, (_, n) => ({ name: `slow-${n}`, path: 'slow', rhythm: everySeconds(2) })),
    { name: 'flaky', rhythm: everySeconds(1), more: { retry: { maxAttempts: 20, initialDelay: 'PT0.2S' } } },
    { name: 'skip', rhythm: everySeconds(1), misfire: { ...grace, policy: 'skip' } },
    { name: 'run-last', rhythm: everySeconds(1), misfire: { ...grace, policy: 'runLast' } },
    { name: 'run-all', rhythm: everySeconds(1), misfire: { ...grace, policy: 'runAll' } },
    { name: 'queue-all', path: 'slow', rhythm: everySeconds(2), overlap: 'queueAll' },
    { name: 'overlap-skip', path: 'slow', rhythm: everySeconds(1), overlap: 'skip' },
  ];
}

scenario('1a leader and random replicas killed', { env: { LEADER_TTL, LEASE } }, async (stage) => {
  const { cluster, random } = stage;
  await stage.watch(mixedJobs(stage, 30));
  for (let kill = 0; kill < amount(4, 30); kill += 1) {
    await stage.pass(random.between(500, 3_000));
    const victim = random.chance(0.6) ? await cluster.leader() : random.pick(cluster.up);
    await victim.kill();
    await stage.pass(random.between(0, 1_500));
    await victim.start();
  }
});

scenario('1b all replicas killed at once', { env: { LEADER_TTL, LEASE } }, async (stage) => {
  const { cluster, random } = stage;
  await stage.watch(mixedJobs(stage, 30));
  for (let round = 0; round < amount(1, 10); round += 1) {
    await stage.pass(random.between(1_000, 3_000));
    await Promise.all(cluster.replicas.map((replica) => replica.kill()));
    await stage.pass(random.between(0, 3_000));
    await cluster.startAll();
  }
});

scenario('1c rolling restarts by SIGTERM', { env: { LEADER_TTL, LEASE } }, async (stage) => {
  const { cluster, random } = stage;
  await stage.watch(mixedJobs(stage, 30));
  for (let round = 0; round < amount(4, 20); round += 1) {
    for (const replica of random.shuffle(cluster.replicas)) {
      const end = await replica.stop();
      if (end.code !== 0) stage.breach(`replica ${replica.name} ended on SIGTERM with ${JSON.stringify(end)}`);
      await replica.start();
    }
  }
});
