import { keptManifests, processesOf } from '../support/chart-manifests.js';
import { ApiLoad } from './support/api-load.js';
import { readLedger } from './support/ledger.js';
import { everySeconds } from './support/rhythm.js';
import { Rollout } from './support/rollout.js';
import { scenario } from './support/scenario.js';
import { amount } from './support/seed.js';
import type { Stage } from './support/stage.js';

const FIRES_A_SECOND = 200;
const HAND_OVER_MS = 300;
/** What a test's cluster gives each replica itself. The API is open to this machine; the first replica does what the init container does. */
const OF_THE_TEST = ['HOST', 'PORT', 'DATABASE_URL', 'REDIS_URL', 'ROOT_API_KEY', 'MIGRATE_ON_START'];

const pod = processesOf(keptManifests('rolling-update')).find(({ container }) => container === 'carillon');
if (pod === undefined) throw new Error('the chart renders no container that serves');
const env = Object.fromEntries(Object.entries(pod.env).filter(([name]) => !OF_THE_TEST.includes(name)));
const flags = pod.command.filter((part) => part.startsWith('--'));

scenario(
  '12 rolling update of the pods of the chart, under fires and API load',
  { env, flags, replicas: pod.replicas, standby: pod.replicas },
  async (stage) => {
    const { cluster, sink } = stage;
    await stage.watch(
      Array.from({ length: FIRES_A_SECOND }, (_, n) => ({ name: `job-${n}`, path: 'job', rhythm: everySeconds(1) })),
    );
    const { rows } = await cluster.pool.query<{ epoch: string | null }>('SELECT max(epoch) AS epoch FROM reigns');
    let old = cluster.replicas.slice(0, pod.replicas);
    let fresh = cluster.replicas.slice(pod.replicas);
    const rollouts: Rollout[] = [new Rollout(stage, pod, old)];
    const load = new ApiLoad(() => rollouts[0]?.endpoints ?? [], sink.url('never'), 2, 2);
    await stage.pass(2_000);
    for (let round = 0; round < amount(1, 4); round += 1) {
      const rollout = new Rollout(stage, pod, old);
      rollouts[0] = rollout;
      await rollout.replace(old, fresh);
      [old, fresh] = [fresh, old];
      await stage.pass(1_500);
    }
    await load.stop();
    stage.note(`${load.sent} requests, the slowest ${Math.round(load.slowestMs)} ms, ${load.failed.length} failed`);
    for (const failed of load.failed) stage.breach(failed);
    await expectPromptHandOvers(stage, Number(rows[0]?.epoch ?? 0));
    await expectNoRepeats(stage);
  },
);

/** By the clock of Postgres: from the end of a reign to the beginning of the next. */
async function expectPromptHandOvers(stage: Stage, since: number): Promise<void> {
  const { rows } = await stage.cluster.pool.query<{ ms: number | null }>(
    `SELECT (extract(epoch FROM began_at - lag(ended_at) OVER (ORDER BY epoch)) * 1000)::float8 AS ms
     FROM reigns WHERE epoch >= $1 ORDER BY epoch OFFSET 1`,
    [since],
  );
  const handOvers = rows.map(({ ms }) => Math.round(ms ?? Infinity));
  stage.note(`hand-overs of ${handOvers.join(', ')} ms`);
  for (const ms of handOvers) if (ms >= HAND_OVER_MS) stage.breach(`a hand-over took ${ms} ms`);
  if (handOvers.length === 0) stage.breach('no leader was replaced');
}

/** Nobody died: no call may be broken off or made again. */
async function expectNoRepeats(stage: Stage): Promise<void> {
  for (const { id, attempts } of await readLedger(stage.cluster.pool)) {
    if (attempts.length > 1) stage.breach(`run ${id} was called again: ${JSON.stringify(attempts)}`);
  }
}
