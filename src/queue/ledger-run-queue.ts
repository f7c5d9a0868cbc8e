import { Injectable, Logger } from '@nestjs/common';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Messages } from '../messaging/messages.js';
import { Clock } from '../platform/clock.js';
import { RunQueue } from './run-queue.js';
import type { QueuedRun, RunIntake } from './run-queue.js';

/** Runs taken by one claim: enough to spread its cost, few enough that other replicas get their share. */
const CLAIM_LIMIT = 250;

/** The net under lost hints and under replicas that died. */
const POLL_MS = 1_000;

/** A first attempt younger than this may be of a herd that is not planned to its end: whoever looks unbidden leaves it. */
const UNANNOUNCED_MS = 1_000;

const FAILURE_RETRY_MS = 500;

const BEGINNING: Instant = 0;

/**
 * Feeds the worker from the ledger itself: woken in process and by other replicas' messages, at the instant a retry is due,
 * and by a slow poll. Beside a queue that carries first attempts it takes those only that the queue seems to have lost
 * (`leaveToQueueMs`), and every retry.
 */
@Injectable()
export class LedgerRunQueue extends RunQueue {
  private readonly logger = new Logger(LedgerRunQueue.name);
  private intake: RunIntake | null = null;
  private draining: Promise<void> | null = null;
  private again = false;
  /** Somebody said that runs wait, so the young ones are meant too. */
  private hinted = false;
  /** Nobody said anything and nothing was known to come: it looks by the poll alone. */
  private unbidden = false;
  private timer: NodeJS.Timeout | undefined;
  private timerAt: Instant = Infinity;
  private leaveToQueueMs = 0;

  constructor(
    private readonly messages: Messages,
    private readonly clock: Clock,
  ) {
    super();
  }

  async enqueue(runs: readonly QueuedRun[]): Promise<void> {
    if (runs.length === 0) return;
    this.drainHinted();
    // More than one claim's worth, or no worker here: the other replicas may take a share.
    if (runs.length > CLAIM_LIMIT || this.intake === null) this.messages.publish({ type: 'runsQueued' });
  }

  wakeAt(at: Instant): void {
    if (at < this.timerAt) this.setTimer(at, false);
  }

  async consume(intake: RunIntake): Promise<void> {
    this.intake = intake;
    this.messages.subscribe((message) => {
      if (message.type === 'runsQueued') this.drainHinted();
    });
    this.drain();
  }

  async stop(): Promise<void> {
    this.intake = null;
    clearTimeout(this.timer);
    await this.draining;
  }

  /** First attempts younger than this are on their way through another queue. */
  leaveToQueue(forMs: number): void {
    const sooner = forMs < this.leaveToQueueMs;
    this.leaveToQueueMs = forMs;
    if (sooner) this.drainHinted();
  }

  private drainHinted(): void {
    this.hinted = true;
    this.drain();
  }

  /** One at a time: calls that come meanwhile make it look once more. */
  private drain(): void {
    if (this.intake === null) return;
    this.again = true;
    this.draining ??= this.drainUntilEmpty().finally(() => {
      this.draining = null;
      if (this.again) this.drain();
    });
  }

  private async drainUntilEmpty(): Promise<void> {
    try {
      if (this.unbidden && (await this.isNothingWaiting())) return;
      let lookedAt = this.clock.now();
      while (this.again) {
        this.again = false;
        const youngest = this.hinted ? 0 : UNANNOUNCED_MS;
        this.hinted = false;
        lookedAt = this.clock.now();
        await this.claimAll(Math.max(youngest, this.leaveToQueueMs));
      }
      // A retry may be announced while the ledger is asked, too late to be in its answer: the sooner timer stays.
      clearTimeout(this.timer);
      this.timerAt = Infinity;
      // From when the ledger was last looked through, not from now: what became due in between was in neither answer.
      this.lookAgain((await this.intake?.nextAvailable(lookedAt)) ?? null);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.logger.warn(`no runs could be claimed, tried again in ${FAILURE_RETRY_MS} ms; nothing is lost: ${reason}`);
      this.again = false;
      this.setTimer(this.clock.now() + FAILURE_RETRY_MS, false);
    }
  }

  /** One question where there is nothing to do, which is what most polls find. Whoever calls meanwhile has it look after all. */
  private async isNothingWaiting(): Promise<boolean> {
    this.unbidden = false;
    this.again = false;
    const next = (await this.intake?.nextAvailable(BEGINNING)) ?? null;
    this.again ||= next !== null && next <= this.clock.now();
    if (!this.again) this.lookAgain(next);
    return !this.again;
  }

  private lookAgain(next: Instant | null): void {
    const pollAt = this.clock.now() + POLL_MS;
    const at = Math.min(next ?? Infinity, pollAt);
    if (at < this.timerAt) this.setTimer(at, at === pollAt);
  }

  private async claimAll(queuedForMs: number): Promise<void> {
    while (await this.intake?.claimWaiting(CLAIM_LIMIT, queuedForMs));
  }

  private setTimer(at: Instant, unbidden: boolean): void {
    clearTimeout(this.timer);
    if (this.intake === null) return;
    this.timerAt = at;
    this.timer = setTimeout(
      () => {
        this.timerAt = Infinity;
        this.unbidden = unbidden && this.draining === null;
        this.drain();
      },
      Math.max(0, Math.ceil(at - this.clock.now())),
    );
  }
}
