import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Messages } from '../messaging/messages.js';
import { PlanningRepository } from '../persistence/planning.repository.js';
import { Clock } from '../platform/clock.js';
import { Config } from '../platform/config.js';
import { Metrics } from '../platform/metrics.js';
import { LeaderLock } from './leader-lock.js';
import type { Reign } from './leader-lock.js';
import { Planner } from './planner.js';
import { Slots } from './slots.js';

/** Timers kept at most; with more instants than this inside the horizon, the last slot brings the next pass. */
const MAX_SLOTS = 1_000;

/** Due jobs that another transaction holds right now (an edit, another planner) are looked at again after this. */
const LOCKED_RETRY_MS = 10;

const FAILURE_RETRY_MS = 500;

const HORIZON_TIMER = 'horizon';
const REPLAN_TIMER = 'replan';

/**
 * Keeps the slots of the horizon armed while this replica leads, and runs the planner when one is due. Overdue work is
 * planned at once; each pass of the horizon catches what a lost message missed.
 */
@Injectable()
export class SchedulingService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(SchedulingService.name);
  private horizonEndsAt: Instant = 0;
  /** The horizon must be read (again); until it is, anything inside its full length is armed. */
  private horizonStale = true;
  private planning: Promise<void> | null = null;
  private planAgain = false;
  private stopped = false;

  constructor(
    private readonly lock: LeaderLock,
    private readonly planner: Planner,
    private readonly slots: Slots,
    private readonly repository: PlanningRepository,
    private readonly registry: SchedulerRegistry,
    private readonly messages: Messages,
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly metrics: Metrics,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.messages.subscribe((message) => {
      if (message.type === 'jobDue') this.onJobDue(message.at);
    });
    this.clock.onSet(() => this.onClockSet());
    await this.lock.start({ onLead: (reign) => this.onLead(reign), onFollow: () => this.onFollow() });
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    this.disarm();
    await this.planning;
    await this.lock.stop();
    this.metrics.leadsNoMore();
  }

  /** Also when one reign follows another without a gap: what is armed stays, and what a moment between them lost is found. */
  private onLead(reign: Reign): void {
    if (this.stopped) return;
    const already = this.registry.doesExist('interval', HORIZON_TIMER);
    this.logger.log(
      already
        ? `leads on under reign ${reign.epoch}`
        : `leads from now on (reign ${reign.epoch}); plans what is overdue and arms the next slots`,
    );
    this.metrics.countReign(reign);
    if (!already) {
      this.registry.addInterval(
        HORIZON_TIMER,
        setInterval(() => this.hydrate(), this.config.horizonMs / 2),
      );
    }
    this.hydrate();
  }

  private onFollow(): void {
    this.logger.log('leads no more; another replica plans');
    this.metrics.leadsNoMore();
    this.disarm();
  }

  private disarm(): void {
    this.slots.clear();
    this.metrics.slots.set(0);
    this.horizonStale = true;
    if (this.registry.doesExist('interval', HORIZON_TIMER)) this.registry.deleteInterval(HORIZON_TIMER);
    if (this.registry.doesExist('timeout', REPLAN_TIMER)) this.registry.deleteTimeout(REPLAN_TIMER);
  }

  /** Reads the horizon anew: what is overdue is planned, what comes next is armed. */
  private hydrate(): void {
    this.horizonStale = true;
    this.plan();
  }

  /** What is armed was armed by another time: it may be hours late, and the next pass of the horizon with it. */
  private onClockSet(): void {
    if (this.lock.reign() === null || this.stopped) return;
    this.logger.warn("the database's clock was set: what is due by it now is planned, and the slots are armed anew");
    this.slots.clear();
    this.hydrate();
  }

  private onJobDue(at: Instant): void {
    if (this.lock.reign() === null || this.stopped) return;
    if (at <= this.clock.now()) this.plan();
    else this.arm([at]);
  }

  private arm(instants: Iterable<Instant>): void {
    const until = this.horizonStale ? this.clock.now() + this.config.horizonMs : this.horizonEndsAt;
    for (const instant of instants) {
      if (instant <= until) this.slots.add(instant, () => this.plan());
    }
    this.metrics.slots.set(this.slots.count);
  }

  /** One planning at a time: calls that come meanwhile make it look once more. */
  private plan(): void {
    this.planAgain = true;
    this.planning ??= this.planUntilDone().finally(() => {
      this.planning = null;
      if (this.planAgain && !this.stopped) this.plan();
    });
  }

  private async planUntilDone(): Promise<void> {
    try {
      while (this.planAgain && !this.stopped) {
        this.planAgain = false;
        await this.planDue();
        await this.armHorizon();
        await this.lookAgainAtLocked();
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.logger.error(`planning failed and is tried again in ${FAILURE_RETRY_MS} ms; nothing is lost: ${reason}`);
      this.horizonStale = true;
      this.planAgain = false;
      this.planAfter(FAILURE_RETRY_MS);
    }
  }

  /**
   * A herd is planned in two lanes, the second from when the first batch is seen to be full: one decides while Postgres works
   * for the other. Row locks keep them apart.
   */
  private async planDue(): Promise<void> {
    const others: Promise<void>[] = [];
    const openSecond = (): void => {
      if (others.length > 0) return;
      const second = this.planUntilNone();
      second.catch(() => undefined); // it may fail before it is waited for
      others.push(second);
    };
    try {
      await this.planUntilNone(openSecond);
    } finally {
      await Promise.all(others);
    }
  }

  private async planUntilNone(onFull?: () => void): Promise<void> {
    while ((await this.planBatch(onFull)) > 0);
  }

  /** Answers how many jobs it found. */
  private async planBatch(onFull?: () => void): Promise<number> {
    const reign = this.lock.reign();
    if (reign === null || this.stopped) return 0;
    const { jobs, nextDue } = await this.planner.tick(this.clock.now(), reign.epoch, onFull);
    this.arm(nextDue);
    return jobs;
  }

  private async armHorizon(): Promise<void> {
    const now = this.clock.now();
    if (this.lock.reign() === null || this.stopped) return;
    if (!this.horizonStale && this.horizonEndsAt > now) return;
    const until = now + this.config.horizonMs;
    // Not stale from before the query on: a job that is due sooner and written during it sends a message.
    this.horizonStale = false;
    this.horizonEndsAt = until;
    const instants = await this.repository.dueInstants(now, until, MAX_SLOTS);
    // With more instants than slots the horizon ends at the last one; planning that one reads the next stretch.
    this.arm(instants);
    if (instants.length === MAX_SLOTS) this.horizonEndsAt = instants[MAX_SLOTS - 1] ?? until;
  }

  /** A row lock held by an edit or by another planner hid a due job from the tick; no slot would bring it back. */
  private async lookAgainAtLocked(): Promise<void> {
    if (this.lock.reign() === null || this.stopped) return;
    const earliest = await this.repository.earliestDue();
    if (earliest === null) return;
    const now = this.clock.now();
    if (earliest <= now) this.planAfter(LOCKED_RETRY_MS);
    else this.arm([earliest]);
  }

  private planAfter(delayMs: number): void {
    if (this.stopped || this.registry.doesExist('timeout', REPLAN_TIMER)) return;
    const timeout = setTimeout(() => {
      this.registry.deleteTimeout(REPLAN_TIMER);
      this.plan();
    }, delayMs);
    this.registry.addTimeout(REPLAN_TIMER, timeout);
  }
}
