import { waitFor } from '../support/wait-for.js';
import { cloneJobs } from './support/clones.js';
import { everySeconds, onceAt } from './support/rhythm.js';
import { scenario } from './support/scenario.js';
import { amount } from './support/seed.js';
import type { Stage } from './support/stage.js';
import type { Misfire } from './support/watched-job.js';

const MEMORY_LIMIT_MB = 400;
const ENV = { LEADER_TTL: '1s', LEASE: '5s' };

scenario('9a thundering second while the leader dies', { env: ENV }, async (stage) => {
  const { cluster, random } = stage;
  for (let round = 0; round < amount(1, 4); round += 1) {
    const at = Math.ceil(stage.now().latest / 1_000) * 1_000 + amount(6_000, 10_000); // they are put down first
    await cloneJobs(stage, { name: `herd-${round}`, path: 'herd', rhythm: onceAt(at) }, amount(2_000, 10_000), at);
    const leader = await cluster.leader();
    if (stage.now().latest > at) throw new Error('the herd was not ready in time');
    await stage.pass(at - stage.now().latest + random.between(5, amount(1_000, 3_000)));
    await leader.kill();
    await stage.pass(random.between(0, 1_000));
    await leader.start();
    await stage.settle();
  }
  boundMemory(stage);
});

const POLICIES: readonly Partial<Misfire>[] = [
  { policy: 'skip' },
  { policy: 'runLast' },
  { policy: 'runAll', limit: 100 },
  { policy: 'runAll', limit: 1_000, withinMs: 200_000 },
];

/** 10,000 occurrences in the short form, 100,000 in the long one. */
const JOBS_A_POLICY = amount(4, 20);
const OUTAGE_S = amount(625, 1_250);

scenario('9b overdue occurrences after an outage, under each misfire policy', { env: ENV }, async (stage) => {
  const { cluster } = stage;
  // As if all had been down since then; the jobs themselves are looked at by the audit, row by row.
  const downSince = Math.floor(stage.now().earliest / 1_000) * 1_000 - OUTAGE_S * 1_000;
  const originals = await stage.watch([{ name: 'beside', rhythm: everySeconds(1) }]);
  for (const replica of cluster.replicas.slice(1)) await replica.stop();
  const clones = [];
  for (const misfire of POLICIES) {
    const name = `${misfire.policy}-${misfire.limit ?? 0}`;
    const spec = { name, path: 'overdue', rhythm: everySeconds(1), misfire: { graceMs: 2_000, ...misfire } };
    clones.push(...(await cloneJobs(stage, spec, JOBS_A_POLICY, downSince)));
  }
  await cluster.startAll();
  await stage.settle();

  const { rows } = await cluster.pool.query<{ name: string; kept: number; skipped: number }>(
    `SELECT regexp_replace(job_name, '-[0-9]+$', '') AS name, count(*) FILTER (WHERE state <> 'skipped')::int AS kept,
            count(*) FILTER (WHERE state = 'skipped')::int AS skipped
     FROM runs WHERE trigger = 'misfire' AND job_id = ANY ($1) GROUP BY 1 ORDER BY 1`,
    [clones.map(({ id }) => id)],
  );
  for (const { name, kept, skipped } of rows) stage.note(`${name}: ${kept} run, ${skipped} skipped`);
  await waitFor('the jobs beside them to fire', () => stage.sink.deliveriesTo('beside').length > 0);
  if (originals.length === 0) throw new Error('there is no job beside them');
  boundMemory(stage);
});

function boundMemory(stage: Stage): void {
  const mb = Math.round(stage.largestMemoryMb ?? 0);
  if (mb >= MEMORY_LIMIT_MB) stage.breach(`a replica took ${mb} MB; ${MEMORY_LIMIT_MB} MB are allowed`);
}
