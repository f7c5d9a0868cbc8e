import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import type { Instant } from '../domain/recurrence/schedule.js';
import { floorTo } from '../domain/statistics/resolution.js';
import type { Sql } from '../persistence/database.js';
import { RollupsRepository } from '../persistence/rollups.repository.js';
import type { RollupProgress, Stretch } from '../persistence/rollups.repository.js';
import { Clock } from '../platform/clock.js';
import { Config } from '../platform/config.js';
import { Metrics } from '../platform/metrics.js';
import { RepeatedWork } from '../platform/repeated-work.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const EVERY_MS = 5_000;
/** A minute is rolled up when it has been over for so long: what was due in it is mostly planned and called. */
const FIRST_AFTER_MS = 5_000;
/**
 * And once more, whatever it held: a transaction may commit a run later than it dated it, though not by so much. Runs that
 * are dated a minute and more after their instant leave a mark.
 */
const SETTLED_AFTER_MS = 300_000;
/** In one transaction; a ledger that was never rolled up is gone through by such steps. */
const STEP_MS = HOUR_MS;
const MINUTES_A_STEP = 20;
const HOURS_A_STEP = 200;
const MARKS_A_STEP = 2_000;
/** A pass stops here, and the next one goes on. */
const PASS_MS = 4_000;
const TRIM_EVERY_MS = 60_000;
const TRIM_ROWS = 5_000;
const TRIM_BATCHES = 20;
/** Hours and days of projects are few: they outlive the runs. */
const COARSE_RETENTION_MS = 400 * DAY_MS;
const NAME = 'rollups';
const TRIM_NAME = 'rollups trim';

/**
 * Keeps the rollups of the ledger. Every scheduler tries, one at a time works (a lock of Postgres), and each step is one
 * transaction that replaces what was there: a death in between loses nothing, and doing a step twice changes nothing.
 */
@Injectable()
export class RollupsService implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  private readonly repeated: RepeatedWork;

  constructor(
    private readonly rollups: RollupsRepository,
    registry: SchedulerRegistry,
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly metrics: Metrics,
  ) {
    this.repeated = new RepeatedWork(registry, new Logger(RollupsService.name));
  }

  onApplicationBootstrap(): void {
    this.repeated.begin(NAME, EVERY_MS, () => this.pass(this.clock.now()));
    this.repeated.begin(TRIM_NAME, TRIM_EVERY_MS, () => this.trim(this.clock.now()));
  }

  onModuleDestroy(): void {
    this.repeated.end();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.repeated.over();
  }

  /** All that there is to roll up at `now`, or as much as a pass may take; true when nothing is left to do. */
  async pass(now: Instant): Promise<boolean> {
    const startedAt = performance.now();
    const found = await this.rollups.outstanding(now);
    const steps: ((sql: Sql) => Promise<boolean>)[] = [];
    if (hasBegun(found) ? nextOf(found, now) !== null : found.canBegin) steps.push((sql) => this.advance(sql, now));
    if (found.marks) steps.push((sql) => this.followMarks(sql, now));
    if (found.rechecks) steps.push((sql) => this.recheck(sql, now));
    for (const step of steps) {
      for (;;) {
        const done = await this.rollups.alone(step);
        // Another replica is at it, and will be in the next moment.
        if (done === null) return false;
        if (done) break;
        if (performance.now() - startedAt > PASS_MS) return false;
      }
    }
    const reached = steps.length === 0 ? found.rolledUpTo : (await this.rollups.progress()).rolledUpTo;
    this.metrics.rollupLag.set(reached === null ? 0 : Math.max(0, now - reached) / 1_000);
    return true;
  }

  /** The next minutes, and once enough time has passed the same again; true when there are none. */
  private async advance(sql: Sql, now: Instant): Promise<boolean> {
    const progress = await this.started(sql, now);
    if (progress === null) return true;
    const next = nextOf(progress, now);
    if (next === null) return true;
    if (next.isOfJobs) await this.rollups.rollUpJobs(sql, next.from, next.to, now);
    else await this.rollUp(sql, next.from, next.to, now);
    await this.rollups.move(sql, { ...progress, ...next.progress });
    return false;
  }

  private async rollUp(sql: Sql, from: Instant, to: Instant, now: Instant): Promise<void> {
    const stop = this.metrics.rollup.startTimer();
    await this.rollups.rollUp(sql, from, to, now);
    stop();
  }

  /** Where rollups stand; they begin with the earliest run that is kept. Null: there is nothing to begin with. */
  private async started(sql: Sql, now: Instant): Promise<Begun | null> {
    const progress = await this.rollups.progress(sql);
    if (hasBegun(progress)) return progress;
    const earliest = await this.rollups.earliest(sql);
    if (earliest === null || earliest > now) return null;
    const from = floorTo(Math.max(earliest, now - this.config.runRetentionMs), HOUR_MS);
    return { rolledUpTo: from, settledTo: from, jobsTo: from };
  }

  /** What entered the ledger for instants that had been rolled up; true when there are no marks left. */
  private async followMarks(sql: Sql, now: Instant): Promise<boolean> {
    const marks = await this.rollups.takeMarks(sql, MARKS_A_STEP);
    if (marks.length === 0) return true;
    const { rolledUpTo, jobsTo } = await this.rollups.progress(sql);
    const minutes = marks
      .filter(({ at }) => at < (rolledUpTo ?? -Infinity))
      .map(({ projectId, at }) => ({ key: projectId, at }));
    const hours = marks
      .map(({ jobId, at }) => ({ key: jobId, at: floorTo(at, HOUR_MS) }))
      .filter(({ at }) => at < (jobsTo ?? -Infinity));
    await this.rollups.rollUpMinutes(sql, distinct(minutes), now);
    await this.rollups.rollUpJobHours(sql, distinct(hours), now);
    this.metrics.rollupMarks.inc(marks.length);
    return false;
  }

  /** What was rolled up while runs were open; true when nothing is due for that. */
  private async recheck(sql: Sql, now: Instant): Promise<boolean> {
    const minutes = await this.rollups.minutesToRecheck(sql, now, MINUTES_A_STEP);
    await this.rollups.rollUpMinutes(sql, minutes, now);
    const hours = await this.rollups.hoursToRecheck(sql, now, HOURS_A_STEP);
    await this.rollups.rollUpJobHours(sql, hours, now);
    return minutes.length < MINUTES_A_STEP && hours.length < HOURS_A_STEP;
  }

  /** Minutes, jobs and hosts as long as runs are kept, and the rest longer. */
  async trim(now: Instant): Promise<void> {
    const keptFrom = now - this.config.runRetentionMs;
    for (const kind of ['minutes', 'jobs', 'hosts'] as const) await this.trimKind(kind, keptFrom);
    await this.trimKind('coarser', Math.min(keptFrom, now - COARSE_RETENTION_MS));
  }

  private async trimKind(kind: Parameters<RollupsRepository['trim']>[0], before: Instant): Promise<void> {
    for (let batch = 0; batch < TRIM_BATCHES; batch += 1)
      if ((await this.rollups.trim(kind, before, TRIM_ROWS)) < TRIM_ROWS) return;
  }
}

type Begun = { readonly [Member in keyof RollupProgress]: Instant };

function hasBegun<Progress extends RollupProgress>(progress: Progress): progress is Progress & Begun {
  return progress.rolledUpTo !== null && progress.settledTo !== null && progress.jobsTo !== null;
}

interface NextRollup {
  readonly from: Instant;
  readonly to: Instant;
  /** The hours of jobs, and not the minutes of projects. */
  readonly isOfJobs: boolean;
  /** Where rollups stand after it. */
  readonly progress: Partial<Begun>;
}

/** Null when there is nothing to roll up at `now`. */
function nextOf({ rolledUpTo, settledTo, jobsTo }: Begun, now: Instant): NextRollup | null {
  const settled = floorTo(now - SETTLED_AFTER_MS, MINUTE_MS);
  const newest = floorTo(now - FIRST_AFTER_MS, MINUTE_MS);
  if (jobsTo + HOUR_MS <= settledTo) {
    const to = jobsTo + HOUR_MS;
    return { from: jobsTo, to, isOfJobs: true, progress: { jobsTo: to } };
  }
  if (settledTo < Math.min(settled, rolledUpTo)) {
    const to = Math.min(settled, rolledUpTo, settledTo + STEP_MS);
    return { from: settledTo, to, isOfJobs: false, progress: { settledTo: to } };
  }
  if (rolledUpTo >= newest) return null;
  const to = Math.min(newest, floorTo(rolledUpTo + STEP_MS, STEP_MS));
  // What lies back so far already needs no second look.
  return {
    from: rolledUpTo,
    to,
    isOfJobs: false,
    progress: { rolledUpTo: to, settledTo: to <= settled ? to : settledTo },
  };
}

function distinct(stretches: readonly Stretch[]): Stretch[] {
  return [...new Map(stretches.map((stretch) => [`${stretch.key}@${stretch.at}`, stretch])).values()];
}
