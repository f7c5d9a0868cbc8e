import { waitFor } from '../support/wait-for.js';
import { HOSTILITIES, HostileTargets } from './hostility/hostile-targets.js';
import { ratioAtLeast, worstOfEach } from './hostility/lateness.js';
import { readLedger } from './support/ledger.js';
import type { LedgerRow } from './support/ledger.js';
import { cronIn, everySeconds } from './support/rhythm.js';
import { scenario } from './support/scenario.js';
import { amount } from './support/seed.js';
import type { JobSpec, Stage } from './support/stage.js';

const TIMEOUT_MS = 500;
const FREED_WITHIN_MS = TIMEOUT_MS + 1_000;
/** A connection that is still being made may live as long as that takes at most; its slot is free by then. */
const CONNECTED_WITHIN_MS = 10_000 + 1_000;
const MEMORY_MB = 50;
const SLOWER_BY = 1.2;
const OTHERS = 120;
/**
 * Of each kind: together a tenth of all calls. They cost the processor more than friendly ones, as failures and handshakes do, and
 * all replicas and targets share this machine's: at a sixth of all calls, on two cores, others were up to 1.4 times as late.
 */
const JOBS_A_KIND = 1;

/** Turn about: hostile targets are called in the even seconds, as many friendly ones in the odd; each call ends within its own. */
const isHostile = (second: number): boolean => second % 2 === 0;
const hostileSeconds = cronIn('UTC', '*/2 * * * * *', { second: isHostile });
const friendlySeconds = cronIn('UTC', '1-59/2 * * * * *', { second: (second) => !isHostile(second) });

let targets: HostileTargets;
beforeAll(async () => {
  targets = await HostileTargets.start();
});
afterAll(() => targets.close());

scenario('11 hostile targets', { env: { LEADER_TTL: '1s', LEASE: '5s' } }, async (stage) => {
  const memory = new Memory(stage);
  // Like hostile ones they leave no connection to use again, and some take long: that much work is theirs to ask for.
  stage.sink.answer('friendly', { headers: { connection: 'close' } });
  stage.sink.answer('friendly-slow', { headers: { connection: 'close' }, delayMs: TIMEOUT_MS });
  await stage.watch([
    ...Array.from({ length: OTHERS }, (_, n) => ({ name: `other-${n}`, rhythm: everySeconds(1) })),
    ...jobsOfEachKind((name, kind) => ({
      name: `friendly-${name}`,
      path: codeOf(kind) === 'timeout' ? 'friendly-slow' : 'friendly',
      rhythm: friendlySeconds,
    })),
  ]);
  await memory.watch(10_000);
  const before = memory.peaksMb();

  const hostile = await stage.watch(
    jobsOfEachKind((name, kind) => ({
      name: `hostile-${name}`,
      rhythm: hostileSeconds,
      mayFail: true,
      more: {
        target: { type: 'http', url: targets.url(kind), timeout: `PT${TIMEOUT_MS / 1_000}S` },
        retry: { maxAttempts: 1 },
      },
    })),
  );
  await memory.watch(amount(30_000, 300_000));
  const grownMb = Math.round(Math.max(...memory.peaksMb().map((peak, index) => peak - (before[index] ?? 0))));
  for (const job of hostile) await stage.pause(job);
  await stage.settle();
  await waitFor(
    'every call to end',
    () => inFlight(stage),
    (calls) => calls < OTHERS,
    { timeoutMs: FREED_WITHIN_MS },
  );

  const kindOf = new Map(hostile.map(({ id, name }) => [id, /^hostile-(.+)-\d+$/.exec(name)?.[1] ?? '']));
  const openKinds = async (): Promise<string[]> => {
    const open = (await readLedger(stage.cluster.pool, [...kindOf.keys()])).filter(
      ({ finishedAt }) => finishedAt === null,
    );
    return open.map(({ jobId, state }) => `${kindOf.get(jobId)} ${state}`);
  };
  await waitFor('hostile runs to end', openKinds, (open) => open.length === 0, { timeoutMs: FREED_WITHIN_MS });
  const rows = await readLedger(stage.cluster.pool);
  expectSlotsFreed(stage, rows, kindOf);
  stage.note(`memory grew by ${grownMb} MB`);
  if (grownMb > MEMORY_MB) stage.breach(`hostile answers took ${grownMb} MB; ${MEMORY_MB} MB are allowed`);
  expectOthersOnTime(stage, rows);
});

function jobsOfEachKind(spec: (name: string, kind: string) => JobSpec): JobSpec[] {
  return targets.names.flatMap((kind) => Array.from({ length: JOBS_A_KIND }, (_, n) => spec(`${kind}-${n}`, kind)));
}

/** As which its calls are to end in the ledger. */
function codeOf(kind: string): string {
  return HOSTILITIES.find(({ name }) => name === kind)?.code ?? 'tls';
}

async function inFlight({ cluster }: Stage): Promise<number> {
  const calls = await Promise.all(cluster.replicas.map((replica) => replica.metric('carillon_queue_in_flight')));
  return calls.reduce((sum, count) => sum + count, 0);
}

/** By the ledger and by the connections that the targets saw. */
function expectSlotsFreed(stage: Stage, rows: readonly LedgerRow[], kindOf: ReadonlyMap<string, string>): void {
  const seen = new Map<string, { calls: number; longestMs: number; codes: Set<string> }>();
  for (const { jobId, startedAt, finishedAt, attempts } of rows) {
    const kind = kindOf.get(jobId);
    if (kind === undefined || startedAt === null || finishedAt === null) continue;
    const one = seen.get(kind) ?? { calls: 0, longestMs: 0, codes: new Set() };
    one.calls += 1;
    one.longestMs = Math.max(one.longestMs, finishedAt - startedAt);
    for (const { error } of attempts as readonly { error?: { code: string } | null }[])
      one.codes.add(error?.code ?? 'none');
    seen.set(kind, one);
  }
  for (const kind of targets.names) {
    const { calls, longestMs, codes } = seen.get(kind) ?? { calls: 0, longestMs: 0, codes: new Set() };
    stage.note(`${kind}: ${calls} calls, the longest ${Math.round(longestMs)} ms, ${[...codes].join(', ')}`);
    if (calls === 0) stage.breach(`no call of the target ${kind} was made`);
    if (longestMs > FREED_WITHIN_MS) stage.breach(`a call of ${kind} took ${longestMs} ms`);
    if ([...codes].join() !== codeOf(kind)) stage.breach(`calls of ${kind} ended with ${[...codes].join(', ')}`);
  }
  const now = performance.now();
  for (const { kind, usedMs, closedMs } of targets.connections) {
    const openMs = (closedMs ?? now) - (usedMs ?? now);
    if (openMs > (kind === 'tls-silent' ? CONNECTED_WITHIN_MS : FREED_WITHIN_MS))
      stage.breach(`a connection to ${kind} was open for ${Math.round(openMs)} ms`);
  }
}

/**
 * The latest start of each second among the others: those beside hostile calls against those beside friendly ones, each with the
 * second next to it, so that what the machine does meanwhile weighs on both. The machine has noise of its own: it fails when a
 * slow-down by more than a fifth is beyond doubt (95 % of resampled medians).
 */
function expectOthersOnTime(stage: Stage, rows: readonly LedgerRow[]): void {
  const others = new Set(stage.jobs.filter(({ name }) => name.startsWith('other-')).map(({ id }) => id));
  const firstHostileMs = Math.min(...rows.filter((row) => row.state === 'failed').map(({ dueAt }) => dueAt));
  const starts = rows.flatMap(({ jobId, dueAt, startedAt }) =>
    others.has(jobId) && startedAt !== null && dueAt >= firstHostileMs ? [{ dueAt, lateMs: startedAt - dueAt }] : [],
  );
  const { ratio, least, pairs } = ratioAtLeast(worstOfEach(starts), (dueAt) => isHostile(dueAt / 1_000), stage.random);
  stage.note(
    `others beside hostile calls: latest of a second ${ratio.toFixed(2)} times that of the friendly second next to it ` +
      `(median of ${pairs}), at least ${least.toFixed(2)} times`,
  );
  if (least > SLOWER_BY)
    stage.breach(`others were late by ${ratio.toFixed(2)} times what they are beside friendly calls`);
}

/** The largest resident memory of each replica, in MB. */
class Memory {
  private readonly peaks: number[] = [];

  constructor(private readonly stage: Stage) {}

  async watch(ms: number): Promise<void> {
    const untilMs = performance.now() + ms;
    while (performance.now() < untilMs) {
      for (const [index, replica] of this.stage.cluster.replicas.entries()) {
        const mb = (await replica.metric('process_resident_memory_bytes')) / 2 ** 20;
        this.peaks[index] = Math.max(this.peaks[index] ?? 0, mb);
      }
      await this.stage.pass(250);
    }
  }

  peaksMb(): number[] {
    return [...this.peaks];
  }
}
