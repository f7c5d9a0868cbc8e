import { randomUUID } from 'node:crypto';
import type { Attempt } from '../../src/domain/run.js';
import type { ClaimedRun, FinishedAttempt } from '../../src/persistence/claims.repository.js';
import { WORKER_STOPPED } from '../../src/persistence/claims-sql.js';
import { ClaimsRepository } from '../../src/persistence/claims.repository.js';
import { RecoveryRepository } from '../../src/persistence/recovery.repository.js';
import type { Ledger } from './ledger-fixture.js';
import { openLedger, stateOf, T0, tally } from './ledger-fixture.js';

const LEASE_MS = 15_000;

let ledger: Ledger;
let claims: ClaimsRepository;

beforeAll(async () => {
  ledger = await openLedger();
  claims = new ClaimsRepository(ledger.database);
});

beforeEach(() => ledger.clear());

afterAll(() => ledger?.close());

const claim = (limit: number, now = T0): Promise<ClaimedRun[]> =>
  claims.claimWaiting(limit, now, now, now + LEASE_MS, randomUUID());

async function claimOne(now = T0): Promise<ClaimedRun> {
  const [run] = await claim(1, now);
  if (run === undefined) throw new Error('nothing to claim');
  return run;
}

function finished(run: ClaimedRun, draft: Partial<FinishedAttempt> = {}): FinishedAttempt {
  return {
    ...{ run, state: 'succeeded', reason: null, availableAt: null, lost: false, finishedAt: T0 + 30, error: null },
    attempt: { number: run.attempt, startedAt: T0 + 5, durationMs: 25, outcome: 'succeeded', status: 200, error: null },
    response: { status: 200, bodyExcerpt: 'ok' },
    ...draft,
  };
}

const failed = (run: ClaimedRun): FinishedAttempt => finished(run, { state: 'failed', reason: 'attemptsExhausted' });

async function streak(jobId: string): Promise<unknown> {
  const [row] = await ledger.query('SELECT failure_streak FROM job_stats WHERE job_id = $1', jobId);
  return row?.['failure_streak'];
}

describe('claiming', () => {
  test('leases the run and counts the attempt', async () => {
    const jobId = await ledger.addJob({ name: 'a', overlap: 'skip', retry: { maxAttempts: 7 } });
    const id = await ledger.addRun(jobId, { dueAt: T0 + 2, body: '{"a":1}' });
    const run = await claimOne(T0 + 9);
    expect(run).toMatchObject({
      id,
      jobId,
      attempt: 1,
      lostAttempts: 0,
      firstStartedAt: null,
      body: '{"a": 1}',
      overlap: 'skip',
      scheduledFor: T0,
      dueAt: T0 + 2,
      retry: { maxAttempts: 7 },
    });
    expect(await ledger.run(id)).toMatchObject({
      state: 'running',
      attempt: 1,
      leaseUntil: T0 + 9 + LEASE_MS,
      leaseToken: run.token,
      startedAt: T0 + 9,
    });
    expect(await claim(10, T0 + 9)).toEqual([]);
    expect(await claims.claimByIds([id], T0 + 9, T0 + 99, randomUUID())).toEqual([]);
  });

  test('not before it is available; the longest waiting first', async () => {
    const jobId = await ledger.addJob();
    const late = await ledger.addRun(jobId, { scheduledFor: T0 + 1, now: T0 + 20 });
    const early = await ledger.addRun(jobId, { scheduledFor: T0 + 2, now: T0 + 10 });
    expect(await claim(5, T0 + 9)).toEqual([]);
    expect(await claims.nextAvailable(T0 + 9)).toBe(T0 + 10);
    expect((await claimOne(T0 + 30)).id).toBe(early);
    expect((await claimOne(T0 + 30)).id).toBe(late);
    expect(await claims.nextAvailable(T0)).toBeNull();
  });

  test('by id a queued run even where this clock lags behind the one that queued it, a retry not before its time', async () => {
    const jobId = await ledger.addJob();
    const first = await ledger.addRun(jobId, { scheduledFor: T0 });
    const retry = await ledger.addRun(jobId, { scheduledFor: T0 + 1, now: T0 });
    await ledger.query(`UPDATE runs SET state = 'retrying' WHERE id = $1`, retry);
    const claimed = await claims.claimByIds([first, retry], T0 - 40, T0 + 99, randomUUID());
    expect(claimed.map(({ id }) => id)).toEqual([first]);
    expect(await ledger.run(first)).toMatchObject({ state: 'running', startedAt: T0 });
  });

  test('first attempts are left to the queue for a while, retries are not', async () => {
    const jobId = await ledger.addJob();
    const first = await ledger.addRun(jobId, { scheduledFor: T0 });
    const retry = await ledger.addRun(jobId, { scheduledFor: T0 + 1, now: T0 });
    await ledger.query(`UPDATE runs SET state = 'retrying' WHERE id = $1`, retry);
    const lost = (now: number): Promise<ClaimedRun[]> =>
      claims.claimWaiting(10, now, now - 2_000, now + LEASE_MS, randomUUID());
    expect((await lost(T0 + 1_999)).map(({ id }) => id)).toEqual([retry]);
    expect((await lost(T0 + 2_000)).map(({ id }) => id)).toEqual([first]);
  });

  test.each(['held', 'skipped'] as const)('a %s run is not claimed', async (state) => {
    const id = await ledger.addRun(await ledger.addJob(), { state });
    expect(await claim(5)).toEqual([]);
    expect(await claims.claimByIds([id], T0, T0 + 9, randomUUID())).toEqual([]);
  });

  test('ids that are none, or unknown, are ignored', async () => {
    const id = await ledger.addRun(await ledger.addJob());
    const odd = ['', 'x', randomUUID(), "'; DROP TABLE runs; --", '019757a0-0000-7000-8000-000000000000'];
    const claimed = await claims.claimByIds([...odd, id, id], T0, T0 + 9, randomUUID());
    expect(claimed.map((run) => run.id)).toEqual([id]);
    expect(await claims.claimByIds(odd, T0, T0 + 9, randomUUID())).toEqual([]);
  });

  test('the run of a deleted job is not claimed', async () => {
    const jobId = await ledger.addJob();
    await ledger.addRun(jobId);
    await ledger.query('DELETE FROM jobs WHERE id = $1', jobId);
    expect(await claim(5)).toEqual([]);
  });

  test('six claimers of both kinds on two pools: each run is claimed once', async () => {
    const jobIds = await ledger.addJobs(...Array.from({ length: 600 }, () => ({})));
    const ids: string[] = [];
    for (const [index, jobId] of jobIds.entries())
      ids.push(await ledger.addRun(jobId, { scheduledFor: T0 - (index % 7) * 86_400_000, now: T0 - 600 + index }));
    const other = new ClaimsRepository(await ledger.another());
    const got: string[] = [];
    const drain = async (from: ClaimsRepository): Promise<void> => {
      for (;;) {
        const runs = await from.claimWaiting(25, T0, T0, T0 + LEASE_MS, randomUUID());
        got.push(...runs.map(({ id }) => id));
        if (runs.length === 0) return;
      }
    };
    const byIds = async (from: ClaimsRepository, step: number): Promise<void> => {
      for (let start = 0; start < ids.length; start += step) {
        const runs = await from.claimByIds(ids.slice(start, start + step), T0, T0 + LEASE_MS, randomUUID());
        got.push(...runs.map(({ id }) => id));
      }
    };
    await Promise.all([
      drain(claims),
      drain(other),
      drain(claims),
      byIds(claims, 64),
      byIds(other, 10),
      byIds(other, 1),
    ]);
    expect(got).toHaveLength(600);
    expect(new Set(got)).toEqual(new Set(ids));
    expect(tally(await ledger.runs(), (run) => `${run.state} ${run.attempt}`)).toEqual({ 'running 1': 600 });
  });

  test('a second attempt knows when the first began', async () => {
    const id = await ledger.addRun(await ledger.addJob());
    const run = await claimOne(T0 + 1);
    await claims.finish([finished(run, { state: 'retrying', availableAt: T0 + 1_000 })]);
    const again = await claimOne(T0 + 1_000);
    expect(again).toMatchObject({ id, attempt: 2, firstStartedAt: T0 + 5 });
    expect(again.token).not.toBe(run.token);
  });
});

describe('finishing', () => {
  test('is accepted once; the second time nothing changes', async () => {
    const jobId = await ledger.addJob();
    const id = await ledger.addRun(jobId, { dueAt: T0 + 1 });
    const run = await claimOne(T0 + 2);
    expect(await claims.finish([failed(run)])).toEqual(new Set([id]));
    const after = await ledger.run(id);
    expect(after).toMatchObject({
      state: 'failed',
      reason: 'attemptsExhausted',
      latenessMs: 4,
      startedAt: T0 + 5,
      finishedAt: T0 + 30,
      leaseToken: null,
    });
    expect(await claims.finish([finished(run)])).toEqual(new Set());
    expect(await ledger.run(id)).toEqual(after);
    expect(await streak(jobId)).toBe(1);
  });

  test('lateness is that of the first attempt', async () => {
    const id = await ledger.addRun(await ledger.addJob());
    await claims.finish([finished(await claimOne(), { state: 'retrying', availableAt: T0 + 9_000 })]);
    const again = await claimOne(T0 + 9_000);
    const attempt = {
      number: 2,
      startedAt: T0 + 9_001,
      durationMs: 1,
      outcome: 'succeeded',
      status: 200,
      error: null,
    } as const;
    await claims.finish([finished(again, { attempt })]);
    expect(await ledger.run(id)).toMatchObject({
      state: 'succeeded',
      latenessMs: 5,
      startedAt: T0 + 5,
      attempts: [{ number: 1 }, { number: 2 }],
    });
  });

  test('the streak counts failures in a row and a success ends it', async () => {
    const jobId = await ledger.addJob();
    const ends = [failed, failed, failed, finished, failed];
    const seen: unknown[] = [];
    for (const [index, end] of ends.entries()) {
      await ledger.addRun(jobId, { scheduledFor: T0 + index, now: T0 });
      await claims.finish([end(await claimOne())]);
      seen.push(await streak(jobId));
    }
    expect(seen).toEqual([1, 2, 3, 0, 1]);
  });

  test.each<[string, string]>([
    ['cancelled', `UPDATE runs SET state = 'cancelled', reason = 'cancelledByUser', lease_token = NULL`],
    ['leased to another worker', `UPDATE runs SET lease_token = gen_random_uuid()`],
    ['retrying, its lease taken back', `UPDATE runs SET state = 'retrying', lease_token = NULL`],
  ])('of a run that is %s by now is refused', async (_name, change) => {
    const id = await ledger.addRun(await ledger.addJob());
    const run = await claimOne();
    await ledger.query(change);
    const before = await ledger.run(id);
    expect(await claims.finish([finished(run)])).toEqual(new Set());
    expect(await claims.renew([run], T0 + 99_000)).toEqual(new Set());
    expect(await ledger.run(id)).toEqual(before);
  });

  test('an old token is refused once recovery gave the run to another', async () => {
    const jobId = await ledger.addJob();
    const id = await ledger.addRun(jobId);
    const old = await claimOne();
    const recovery = new RecoveryRepository(ledger.database);
    const later = T0 + LEASE_MS + 1;
    const lost = await recovery.lockExpired(ledger.database, [jobId], later, 10);
    await recovery.endLost(
      ledger.database,
      lost.map((run) => ({ run, state: 'retrying', reason: null, availableAt: later })),
      later,
    );
    const young = await claimOne(later);
    expect(young).toMatchObject({ id, attempt: 2, lostAttempts: 1, firstStartedAt: T0 });
    expect(await claims.finish([failed(old)])).toEqual(new Set());
    expect(await claims.finish([finished(young)])).toEqual(new Set([id]));
    expect(await ledger.run(id)).toMatchObject({
      state: 'succeeded',
      attempts: [
        { outcome: 'lost', number: 1 },
        { outcome: 'succeeded', number: 2 },
      ],
    });
  });

  test('of a batch each is judged by its own token; texts that jsonb refuses are mended', async () => {
    const jobIds = await ledger.addJobs({}, {}, {});
    for (const [index, jobId] of jobIds.entries())
      await ledger.addRun(jobId, { scheduledFor: T0 - index * 40 * 86_400_000, now: T0 });
    const runs = await claim(3);
    const [good, stale, odd] = runs as [ClaimedRun, ClaimedRun, ClaimedRun];
    const accepted = await claims.finish([
      finished(good),
      finished({ ...stale, token: randomUUID() }),
      finished(odd, {
        error: { code: 'tls', message: 'cut \ud83d and \0' },
        response: { status: 200, bodyExcerpt: '\ud83d\ude00 \udc00' },
      }),
    ]);
    expect(accepted).toEqual(new Set([good.id, odd.id]));
    expect(await ledger.run(odd.id)).toMatchObject({
      error: { message: 'cut \uFFFD and \uFFFD' },
      response: { bodyExcerpt: '\ud83d\ude00 \uFFFD' },
    });
    expect(tally(await ledger.runs(), stateOf)).toEqual({ succeeded: 2, running: 1 });
  });

  test('a cancelled run keeps the attempt that was aborted, once', async () => {
    const id = await ledger.addRun(await ledger.addJob());
    const run = await claimOne();
    const { attempt } = finished(run);
    await claims.recordCancelledAttempt(run, attempt);
    expect((await ledger.run(id)).attempts).toEqual([]);
    await ledger.query(`UPDATE runs SET state = 'cancelled'`);
    await claims.recordCancelledAttempt(run, attempt);
    await claims.recordCancelledAttempt(run, attempt);
    expect((await ledger.run(id)).attempts).toHaveLength(1);
  });

  test('renewing moves the lease of those still held, and of no other', async () => {
    const jobIds = await ledger.addJobs({}, {});
    for (const jobId of jobIds) await ledger.addRun(jobId);
    const [one, two] = (await claim(2)) as [ClaimedRun, ClaimedRun];
    expect(await claims.renew([one, { ...two, token: randomUUID() }], T0 + 60_000)).toEqual(new Set([one.id]));
    expect((await ledger.run(one.id)).leaseUntil).toBe(T0 + 60_000);
    expect((await ledger.run(two.id)).leaseUntil).toBe(T0 + LEASE_MS);
  });
});

describe('giving back', () => {
  const BROKEN_OFF: Attempt = {
    ...{ number: 1, startedAt: T0 + 5, durationMs: 25, outcome: 'cancelled' as const, status: null },
    error: { code: WORKER_STOPPED, message: 'm' },
  };

  test('a run that was not called waits as if nobody had claimed it', async () => {
    const id = await ledger.addRun(await ledger.addJob());
    const before = await ledger.run(id);
    expect(await claims.handBack([{ run: await claimOne(T0 + 7), attempt: null }])).toEqual(new Set([id]));
    expect(await ledger.run(id)).toEqual(before);
    expect(await claimOne(T0 + 7)).toMatchObject({ id, attempt: 1, firstStartedAt: null });
  });

  test('a call that was broken off stands in the record, is no loss, and is told to the next worker', async () => {
    const id = await ledger.addRun(await ledger.addJob());
    await claims.handBack([{ run: await claimOne(T0 + 7), attempt: BROKEN_OFF }]);
    expect(await ledger.run(id)).toMatchObject({
      ...{ state: 'retrying', attempt: 1, lostAttempts: 0, leaseUntil: null, leaseToken: null, availableAt: T0 },
      ...{ startedAt: T0 + 7, latenessMs: 7, attempts: [BROKEN_OFF], error: { code: WORKER_STOPPED } },
    });
    const next = await claimOne(T0 + 7);
    expect(next).toMatchObject({ id, attempt: 2, handedBack: 1, lostAttempts: 0, firstStartedAt: T0 + 7 });
    await claims.handBack([{ run: next, attempt: null }]);
    expect(await ledger.run(id)).toMatchObject({ state: 'retrying', attempt: 1, startedAt: T0 + 7, latenessMs: 7 });
  });

  test('only by the token that holds it', async () => {
    const [one, two] = await ledger.addJobs({}, {});
    const cancelled = await ledger.addRun(one as string);
    const taken = await ledger.addRun(two as string);
    const runs = await claim(2);
    await ledger.query(`UPDATE runs SET state = 'cancelled', lease_token = NULL WHERE id = $1`, cancelled);
    await ledger.query(`UPDATE runs SET lease_token = $1::uuid WHERE id = $2`, randomUUID(), taken);
    expect(await claims.handBack(runs.map((run) => ({ run, attempt: BROKEN_OFF })))).toEqual(new Set());
    expect(tally(await ledger.runs(), stateOf)).toEqual({ cancelled: 1, running: 1 });
  });
});

test('renewals and cancellations of the same runs, in any order, never deadlock', async () => {
  const jobIds = await ledger.addJobs(...Array.from({ length: 4 }, () => ({ overlap: 'cancelRunning' as const })));
  for (let index = 0; index < 200; index += 1)
    await ledger.addRun(jobIds[index % 4] as string, { scheduledFor: T0 - ((index * 37) % 200), now: T0 });
  const runs = await claim(200);
  const { cancelOpenRuns } = await import('../../src/persistence/ledger-writes.js');
  const errors: unknown[] = [];
  const note = (error: unknown): void => void errors.push(error);
  for (let round = 0; round < 40; round += 1) {
    const shuffled = [...runs].sort(
      (a, b) => ((a.scheduledFor * 7919 + round) % 101) - ((b.scheduledFor * 7919 + round) % 101),
    );
    const order = round % 2 === 0 ? jobIds : [...jobIds].reverse();
    await Promise.all([
      claims.renew(shuffled, T0 + 60_000 + round).catch(note),
      claims.renew([...shuffled].reverse(), T0 + 60_000 + round).catch(note),
      ledger.database
        .transaction(async (sql) => {
          await cancelOpenRuns(sql, order, ['running'], 'replacedByNewerRun', T0);
          throw new Error('undo');
        })
        .catch((error: unknown) => (String(error).includes('undo') ? undefined : note(error))),
    ]);
  }
  expect(errors).toEqual([]);
});
