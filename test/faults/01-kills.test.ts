import { mixedJobs } from './support/mixed-jobs.js';
import { scenario } from './support/scenario.js';
import { amount } from './support/seed.js';

const LEADER_TTL = '1s';
const LEASE = '3s';

scenario('1a leader and random replicas killed', { env: { LEADER_TTL, LEASE } }, async (stage) => {
  const { cluster, random } = stage;
  await stage.watch(mixedJobs(stage, 30));
  for (let kill = 0; kill < amount(3, 30); kill += 1) {
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
  for (let round = 0; round < amount(3, 20); round += 1) {
    for (const replica of random.shuffle(cluster.replicas)) {
      const end = await replica.stop();
      if (end.code !== 0) stage.breach(`replica ${replica.name} ended on SIGTERM with ${JSON.stringify(end)}`);
      await replica.start();
    }
  }
});
