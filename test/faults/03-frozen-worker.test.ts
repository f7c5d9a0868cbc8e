import { waitFor } from '../support/wait-for.js';
import { readLedger } from './support/ledger.js';
import type { LedgerRow } from './support/ledger.js';
import type { Replica } from './support/replica.js';
import { everySeconds } from './support/rhythm.js';
import { scenario } from './support/scenario.js';
import { amount } from './support/seed.js';
import type { Stage } from './support/stage.js';

const ENV = { LEADER_TTL: '1s', LEASE: '2s' };
const CALLS = 12;
const CALL_MS = 1_500;

scenario('3 worker frozen within a call beyond its lease', { env: ENV }, async (stage) => {
  const { cluster, sink } = stage;
  // Whoever takes a call over gets its answer soon.
  sink.answer('slow', ({ headers }) => ({ delayMs: headers['carillon-attempt'] === '1' ? CALL_MS : 50 }));
  await stage.watch(Array.from({ length: 10 }, (_, n) => ({ name: `beside-${n}`, rhythm: everySeconds(1) })));
  const [slow] = await stage.watch([{ name: 'slow', rhythm: everySeconds(60) }]);
  if (slow === undefined) throw new Error('there is no job');

  for (let round = 0; round < amount(3, 20); round += 1) {
    const before = sink.deliveriesTo('slow').length;
    await Promise.all(Array.from({ length: CALLS }, () => stage.trigger(slow)));
    await waitFor('the calls to be under way', () => sink.deliveriesTo('slow').length >= before + CALLS);
    const worker = await busiest(stage);
    worker.freeze();

    const settled = (rows: readonly LedgerRow[]): boolean => rows.every(({ state }) => state === 'succeeded');
    const slowRuns = (): Promise<LedgerRow[]> => readLedger(cluster.pool, [slow.id]);
    const ended = await waitFor('others to take its calls over', slowRuns, settled, { timeoutMs: 20_000 });
    const refusedBefore = refusals(worker);
    worker.thaw();
    await waitFor('its results to be refused', () => refusals(worker) > refusedBefore, Boolean, { timeoutMs: 10_000 });
    await waitFor(
      'it to be through with them',
      () => worker.metric('carillon_queue_in_flight'),
      (calls) => calls < 10,
    );

    const now = new Map((await slowRuns()).map((row) => [row.id, row]));
    for (const row of ended) {
      if (JSON.stringify(now.get(row.id)) === JSON.stringify(row)) continue;
      stage.breach(`run ${row.id} changed after its end: ${JSON.stringify(row)} → ${JSON.stringify(now.get(row.id))}`);
    }
  }
});

/** The replica with most calls under way. */
async function busiest({ cluster }: Stage): Promise<Replica> {
  const loads = await Promise.all(
    cluster.replicas.map(async (replica) => ({ replica, calls: await replica.metric('carillon_queue_in_flight') })),
  );
  const [most] = loads.sort((a, b) => b.calls - a.calls);
  if (most === undefined || most.calls === 0) throw new Error('no replica has a call under way');
  return most.replica;
}

function refusals({ lines }: Replica): number {
  return lines.filter((line) => line.includes('is not accepted')).length;
}
