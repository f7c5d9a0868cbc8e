import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import type { AuditNote } from '../domain/audit.js';
import { recurrenceOf, rezone } from '../domain/job-change.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Messages } from '../messaging/messages.js';
import type { Sql } from '../persistence/database.js';
import type { StoredJob } from '../persistence/job-rows.js';
import { RunsRepository } from '../persistence/runs.repository.js';
import { TZ_EDITION } from '../persistence/tz-edition.js';
import { TzEditionsRepository } from '../persistence/tz-editions.repository.js';
import type { EditionInUse } from '../persistence/tz-editions.repository.js';
import { Writes } from '../persistence/writes.js';
import { Clock } from '../platform/clock.js';

const NAME = 'time-zones';
const EVERY_MS = 300_000;
/** A replica that said so within this time may still compute due times by its edition. */
const IN_USE_MS = 3 * EVERY_MS;
/** Rows looked at, and jobs locked, by one statement. */
const PAGE = 5_000;
const BATCH = 200;
/** Between batches: planning goes first. */
const BREATH_MS = 5;
const LISTED = 20;

interface Moved {
  readonly name: string;
  readonly before: Instant | null;
  readonly after: Instant | null;
}

/**
 * Brings due times to the edition of the time zones that this process has, where another one computed them: apart from the
 * start, in batches, and never under the hands of a newer edition. Where no other edition was in use since this was last
 * done, it reads a few rows and is over.
 */
@Injectable()
export class TimeZonesService implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  private readonly logger = new Logger(TimeZonesService.name);
  private running: Promise<unknown> | null = null;
  private stopped = false;

  constructor(
    private readonly editions: TzEditionsRepository,
    private readonly runs: RunsRepository,
    private readonly writes: Writes,
    private readonly registry: SchedulerRegistry,
    private readonly messages: Messages,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.registry.addInterval(
      NAME,
      setInterval(() => this.look(), EVERY_MS),
    );
    this.look();
  }

  onModuleDestroy(): void {
    this.stopped = true;
    if (this.registry.doesExist('interval', NAME)) this.registry.deleteInterval(NAME);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.running;
  }

  private look(): void {
    this.running ??= this.pass(TZ_EDITION)
      .catch((error: unknown) =>
        this.logger.warn(`time zones are looked after again in ${EVERY_MS} ms: ${String(error)}`),
      )
      .finally(() => (this.running = null));
  }

  /** Answers how many jobs moved; null where nothing was to be done. */
  async pass(edition: string): Promise<number | null> {
    const beganAt = this.clock.now();
    if (!isToSettle(edition, await this.editions.use(edition, beganAt), beganAt)) return null;
    this.logger.log(`brings due times to the time zones of ${edition}, in batches`);
    const moved: Moved[] = [];
    let count = 0;
    for (let afterId: string | null = null; !this.isStopped();) {
      const page = await this.editions.pageOfOthers(edition, afterId, PAGE);
      for (let first = 0; first < page.ids.length && !this.isStopped(); first += BATCH) {
        const found = await this.settle(edition, page.ids.slice(first, first + BATCH));
        count += found.length;
        moved.push(...found.slice(0, LISTED - moved.length));
        await sleep(BREATH_MS);
      }
      afterId = page.lastId;
      if (afterId === null) break;
    }
    // What is left when this stops is found by the next start.
    if (this.isStopped()) return count;
    await this.editions.settle(edition, beganAt);
    this.report(edition, count, moved);
    return count;
  }

  /** Asked anew: it may have been stopped meanwhile. */
  private isStopped(): boolean {
    return this.stopped;
  }

  private async settle(edition: string, ids: readonly string[]): Promise<Moved[]> {
    const moved = await this.writes.run(async (sql) => {
      const jobs = await this.editions.lock(edition, ids, sql);
      const now = this.clock.now();
      // What is due is planned by where it stands; with its next due time it is of the planner's edition.
      const ahead = jobs.filter(
        ({ state, nextRunAt }) => state === 'paused' || (nextRunAt !== null && nextRunAt > now),
      );
      const changed: { readonly before: StoredJob; readonly after: StoredJob }[] = [];
      for (const before of ahead) {
        const progress = rezone(before, now, await this.inLedger(before, now, sql));
        if (progress !== null) changed.push({ before, after: { ...before, ...progress } });
      }
      await this.editions.move(
        changed.map(({ after }) => after),
        sql,
      );
      await this.editions.mark(
        edition,
        ahead.map(({ id }) => id),
        sql,
      );
      return { result: changed, notes: changed.map(({ before, after }) => noteOf(edition, before, after)) };
    });
    const dueAt = Math.min(...moved.map(({ after }) => after.nextRunAt ?? Infinity));
    if (dueAt < Infinity) this.messages.publish({ type: 'jobDue', at: dueAt });
    return moved.map(({ before, after }) => ({
      name: before.name,
      before: before.nextOccurrenceAt,
      after: after.nextOccurrenceAt,
    }));
  }

  /** Occurrences before the one where the job stands that were skipped beforehand. */
  private async inLedger(job: StoredJob, now: Instant, sql: Sql): Promise<ReadonlySet<Instant>> {
    const cursor = job.nextOccurrenceAt;
    const next = recurrenceOf(job)?.next(now) ?? null;
    if (cursor === null || cursor === next) return new Set();
    return this.runs.occurrencesWithRun(job.id, Math.min(next ?? cursor, now - LOOK_BACK_MS), cursor, sql);
  }

  private report(edition: string, count: number, moved: readonly Moved[]): void {
    const text = (at: Instant | null): string => (at === null ? 'none' : formatInstant(at));
    const list = moved.map(({ name, before, after }) => `${name}: ${text(before)} -> ${text(after)}`).join(', ');
    const more = count > moved.length ? `, and ${count - moved.length} more (see the audit log)` : '';
    this.logger.log(
      `due times are by the time zones of ${edition}; jobs that moved: ${count === 0 ? 'none' : list}${more}`,
    );
  }
}

/** How far back an occurrence may come to lie that was still to come. */
const LOOK_BACK_MS = 2 * 86_400_000;

/** Only the newest edition in use does so: two of them at once would move jobs to and fro. */
function isToSettle(edition: string, known: readonly EditionInUse[], now: Instant): boolean {
  const settledAt = known.find((one) => one.edition === edition)?.settledAt ?? null;
  const others = known.filter((one) => one.edition !== edition);
  if (others.some((one) => one.edition > edition && one.usedAt > now - IN_USE_MS)) return false;
  return settledAt === null || others.some(({ usedAt }) => usedAt > settledAt - EVERY_MS);
}

function noteOf(edition: string, before: StoredJob, after: StoredJob): AuditNote {
  const members = ({ nextOccurrenceAt, nextRunAt }: StoredJob) => ({
    nextOccurrenceAt: nextOccurrenceAt === null ? null : formatInstant(nextOccurrenceAt),
    nextRunAt: nextRunAt === null ? null : formatInstant(nextRunAt),
  });
  return {
    ...{ projectId: before.projectId, action: 'job.moveWithTimeZones', thingId: before.id, thingName: before.name },
    before: members(before),
    after: { ...members(after), timeZones: edition },
  };
}
