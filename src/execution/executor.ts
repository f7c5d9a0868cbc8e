import { randomUUID } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { Attempt } from '../domain/run.js';
import { Messages } from '../messaging/messages.js';
import { WORKER_STOPPED } from '../persistence/claims-sql.js';
import { ClaimsRepository } from '../persistence/claims.repository.js';
import type { Claim, ClaimedRun, HandedBackRun } from '../persistence/claims.repository.js';
import { Clock } from '../platform/clock.js';
import { Config } from '../platform/config.js';
import { Lifecycle } from '../platform/health/lifecycle.js';
import { Metrics } from '../platform/metrics.js';
import { RunQueue } from '../queue/run-queue.js';
import type { RunIntake } from '../queue/run-queue.js';
import { Delivery } from './delivery.js';
import { finishedAttempt, timingsOf } from './outcome.js';
import { Recorder } from './recorder.js';
import { RunCaps } from './run-caps.js';
import { newMarks } from './targets/call-marks.js';
import type { CallMarks } from './targets/call-marks.js';
import { Cancellation } from './targets/cancellation.js';
import type { Answer } from './targets/http-target.js';

interface InFlight {
  readonly run: ClaimedRun;
  readonly cancellation: Cancellation;
  /** On the monotonic clock: past it, another worker may have the run. */
  leaseEndsAtMs: number;
  /** While the call is under way: its start, on the clock and on the monotonic one. */
  call: { readonly startedAt: Instant; readonly startedMs: number } | null;
  /** Given back while its call was under way: what comes of that is of no interest any more. */
  handedBack: boolean;
}

/** Beyond the time that calls get: for what has ended to be recorded. */
const RECORDING_MS = 500;

/**
 * Delivers runs: claims them, calls their targets, and has the outcome recorded. A run is in flight from its claim until
 * its record, and its lease is renewed for as long.
 */
@Injectable()
export class Executor implements RunIntake, OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(Executor.name);
  private readonly inFlight = new Map<string, InFlight>();
  /** Room given to claims under way: counted, so that claims at the same time can't take more than there is. */
  private reserved = 0;
  private stopping = false;
  private waitingForRoom: (() => void)[] = [];
  private idle: (() => void) | null = null;
  private renewal: NodeJS.Timeout | undefined;

  constructor(
    private readonly claims: ClaimsRepository,
    private readonly delivery: Delivery,
    private readonly recorder: Recorder,
    private readonly caps: RunCaps,
    private readonly queue: RunQueue,
    private readonly messages: Messages,
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly metrics: Metrics,
    private readonly lifecycle: Lifecycle,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.messages.subscribe((message) => {
      if (message.type === 'runsCancelled') this.abortRuns(new Set(message.runIds));
    });
    this.renewal = setInterval(() => void this.renewLeases(), this.config.leaseMs / 3);
    await this.caps.start();
    await this.queue.consume(this);
  }

  /** Takes no more, lets what is under way end, then breaks the rest off and gives it to the other replicas. */
  async onModuleDestroy(): Promise<void> {
    const finishByMs = Math.min(this.lifecycle.finishByMs, performance.now() + this.config.shutdownTimeoutMs);
    this.stopping = true;
    this.caps.stop();
    // Whoever feeds us may be waiting for room: it must not wait for a call to end.
    this.announceRoom();
    await this.queue.stop();
    if (this.inFlight.size > 0) {
      const waitMs = Math.max(0, Math.round(finishByMs - performance.now()));
      this.logger.log(`waits up to ${waitMs} ms for ${this.inFlight.size} calls under way`);
      await this.untilIdle(waitMs);
    }
    await this.breakOffCalls();
    await this.untilIdle(RECORDING_MS);
    clearInterval(this.renewal);
  }

  async claimByIds(runIds: readonly string[]): Promise<void> {
    let rest = runIds;
    while (rest.length > 0) {
      const room = await this.reserve(rest.length);
      // The hint is spent with our return: another replica needs a new one.
      if (room === 0) return this.queue.enqueue(rest.map((id) => ({ id })));
      const part = rest.slice(0, room);
      rest = rest.slice(room);
      await this.claim(room, (now, leaseUntil, token) => this.claims.claimByIds(part, now, leaseUntil, token));
    }
  }

  async claimWaiting(limit: number, queuedForMs: number): Promise<boolean> {
    const room = await this.reserve(limit);
    if (room === 0) return false;
    const claimed = await this.claim(room, (now, leaseUntil, token) =>
      this.claims.claimWaiting(room, now, now - queuedForMs, leaseUntil, token),
    );
    return claimed === room;
  }

  nextAvailable(after: number): Promise<number | null> {
    return this.claims.nextAvailable(after);
  }

  /** Waits until at least one run more may be in flight and takes up to `wanted` of that room; none once it stops. */
  private async reserve(wanted: number): Promise<number> {
    const room = (): number => this.config.workerConcurrency - this.inFlight.size - this.reserved;
    while (room() <= 0 && !this.stopping) {
      await new Promise<void>((resolve) => this.waitingForRoom.push(resolve));
    }
    if (this.stopping) return 0;
    const taken = Math.min(wanted, room());
    this.reserved += taken;
    return taken;
  }

  private async claim(
    room: number,
    take: (now: number, leaseUntil: number, token: string) => Promise<Claim[]>,
  ): Promise<number> {
    // Counted from before the claim: the lease in the ledger can only end later than we believe.
    const leaseEndsAtMs = performance.now() + this.config.leaseMs;
    const now = this.clock.now();
    let runs: Claim[] = [];
    try {
      runs = await take(now, now + this.config.leaseMs, randomUUID());
    } finally {
      this.reserved -= room;
      if (runs.length < room) this.announceRoom();
    }
    if (this.stopping) {
      await this.handBack(runs.map((run) => ({ run, attempt: null })));
      return 0;
    }
    const [first] = runs;
    if (first !== undefined && !this.clock.agrees(first.databaseAt, now)) {
      await this.giveBackMisdated(runs);
      return 0;
    }
    const capped = runs.filter((run) => this.caps.isCapped(run));
    const admitted = capped.length === 0 ? null : this.caps.admit(capped);
    for (const run of runs) {
      const entry: InFlight = { run, cancellation: new Cancellation(), leaseEndsAtMs, call: null, handedBack: false };
      this.inFlight.set(keyOf(run), entry);
      if (admitted === null || !this.caps.isCapped(run)) void this.execute(entry);
      else void this.executeIfAdmitted(entry, admitted);
    }
    this.metrics.queueInFlight.set(this.inFlight.size);
    this.messages.changes.runsOf(runs);
    return runs.length;
  }

  /**
   * The database's clock was set since we read it, so that these leases end at some other time than we and the others believe.
   * Whoever has read it anew would take them for lapsed, at once and again and again.
   */
  private async giveBackMisdated(runs: readonly Claim[]): Promise<void> {
    this.logger.warn(
      `the database's clock was set: it is read anew, and ${runs.length} runs claimed by the old one follow`,
    );
    try {
      await this.clock.sync();
    } catch (error) {
      this.logger.warn(`the database's clock was not read: ${String(error)}`);
    }
    await this.handBack(runs.map((run) => ({ run, attempt: null })));
  }

  /** Never throws. A run that has no room yet was given back in the ledger. */
  private async executeIfAdmitted(entry: InFlight, admitted: Promise<ReadonlySet<string>>): Promise<void> {
    const begins = (await admitted).has(entry.run.id);
    if (begins && !this.stopping) {
      await this.execute(entry);
      this.caps.callNext();
      return;
    }
    if (begins) await this.handBack([{ run: entry.run, attempt: null }]);
    this.leave(entry);
  }

  /** Never throws. */
  private async execute(entry: InFlight): Promise<void> {
    const { run } = entry;
    try {
      // Our clock may lag behind the one by which the run was due; the ledger shows no call before its time.
      const startedAt = Math.max(this.clock.now(), run.dueAt);
      const startedMs = performance.now();
      entry.call = { startedAt, startedMs };
      const marks = newMarks();
      const answer = await this.deliver(entry, startedAt, marks);
      entry.call = null;
      if (answer !== null && !entry.handedBack) {
        const durationMs = Math.round(performance.now() - startedMs);
        const timings = timingsOf(run, { startedAt, startedMs }, marks);
        const timing = { startedAt, durationMs, finishedAt: startedAt + durationMs, timings };
        await this.recorder.record(finishedAttempt(run, answer, timing, Math.random()));
      }
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.logger.error(
        `run ${run.id}: attempt ${run.attempt} broke off; its lease lapses and it is tried again: ${reason}`,
      );
    } finally {
      this.leave(entry);
    }
  }

  /** Null when the call was not made because another worker may have the run by now. */
  private async deliver(entry: InFlight, startedAt: number, marks: CallMarks): Promise<Answer | null> {
    if (performance.now() >= entry.leaseEndsAtMs) {
      this.logger.warn(`run ${entry.run.id}: its lease ended before the call was made; another attempt follows`);
      return null;
    }
    return this.delivery.call(entry.run, startedAt, entry.cancellation, marks);
  }

  /**
   * Each call first, then its run, so that no two replicas call for it at once. After an error that nobody caught the calls
   * are recorded as lost instead: a run that takes its worker down each time must come to an end.
   */
  private async breakOffCalls(): Promise<void> {
    const brokenOff: HandedBackRun[] = [];
    for (const entry of this.inFlight.values()) {
      if (entry.call === null) continue; // it has its answer, which is being recorded
      if (!this.lifecycle.failed) {
        entry.handedBack = true;
        this.metrics.countAttempt('cancelled');
        brokenOff.push({ run: entry.run, attempt: brokenOffAttempt(entry.run, entry.call) });
      }
      entry.cancellation.request();
    }
    await this.handBack(brokenOff);
  }

  /** Never throws. Dies before: the leases lapse, and the runs count as lost. */
  private async handBack(runs: readonly HandedBackRun[]): Promise<void> {
    if (runs.length === 0) return;
    try {
      const ids = await this.claims.handBack(runs);
      this.messages.changes.runsOf(runs.map(({ run }) => run));
      this.logger.log(`gave ${ids.size} of ${runs.length} runs back, for other replicas to deliver`);
      await this.queue.enqueue([...ids].map((id) => ({ id })));
    } catch (error) {
      this.logger.warn(`${runs.length} runs were not given back; their leases lapse instead: ${String(error)}`);
    }
  }

  private leave(entry: InFlight): void {
    this.inFlight.delete(keyOf(entry.run));
    this.metrics.queueInFlight.set(this.inFlight.size);
    this.announceRoom();
    if (this.inFlight.size === 0) this.idle?.();
  }

  private announceRoom(): void {
    const waiting = this.waitingForRoom;
    this.waitingForRoom = [];
    for (const resolve of waiting) resolve();
  }

  private abortRuns(runIds: ReadonlySet<string>): void {
    for (const { run, cancellation } of this.inFlight.values()) if (runIds.has(run.id)) cancellation.request();
  }

  /** Only calls that last: a lease is renewed once a third of it has passed. */
  private async renewLeases(): Promise<void> {
    const nowMs = performance.now();
    const old = [...this.inFlight.values()].filter(
      (entry) => entry.leaseEndsAtMs - nowMs < (this.config.leaseMs * 2) / 3,
    );
    if (old.length === 0) return;
    try {
      // A lease that is renewed by a clock that was set meanwhile has ended for everyone else.
      await this.clock.sync();
      const kept = await this.claims.renew(
        old.map(({ run }) => run),
        this.clock.now() + this.config.leaseMs,
      );
      for (const entry of old) {
        if (kept.has(entry.run.id)) entry.leaseEndsAtMs = nowMs + this.config.leaseMs;
        // Cancelled, or taken over after we froze: the answer would be refused anyway.
        else if (this.inFlight.has(keyOf(entry.run))) entry.cancellation.request();
      }
    } catch (error) {
      this.logger.warn(
        `${old.length} leases were not renewed, tried again in ${this.config.leaseMs / 3} ms: ${String(error)}`,
      );
    }
  }

  private async untilIdle(limitMs: number): Promise<void> {
    if (this.inFlight.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      new Promise<void>((resolve) => (this.idle = resolve)),
      new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs))),
    ]);
    clearTimeout(timer);
    this.idle = null;
  }
}

function brokenOffAttempt(run: ClaimedRun, call: NonNullable<InFlight['call']>): Attempt {
  return {
    number: run.attempt,
    startedAt: call.startedAt,
    durationMs: Math.round(performance.now() - call.startedMs),
    outcome: 'cancelled',
    status: null,
    error: { code: WORKER_STOPPED, message: 'the worker stopped during the call and gave the run back' },
  };
}

/** The same run may be in flight twice for a moment: once with a lease that was lost, once with the next. */
function keyOf(run: ClaimedRun): string {
  return `${run.id} ${run.token}`;
}
