import { Injectable } from '@nestjs/common';
import type { HttpTarget, OverlapPolicy, RetryPolicy } from '../domain/job.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { Attempt, RunError, RunReason, RunResponse, RunTrigger } from '../domain/run.js';
import {
  CLAIM_BY_IDS,
  CLAIM_WAITING,
  FINISH,
  HAND_BACK,
  NEXT_AVAILABLE,
  PAUSE_GONE,
  RECORD_CANCELLED,
  RENEW,
} from './claims-sql.js';
import { Database, PROMPT_MS } from './database.js';
import type { Sql } from './database.js';
import { jsonbText } from './jsonb.js';
import { spanOf } from './ledger-writes.js';
import { plainArray } from './plain-array.js';
import { scheduledForOf } from './run-id.js';

/** A run that a worker may deliver: leased to it until `leaseUntil`, by `token`. */
export interface ClaimedRun {
  readonly id: string;
  readonly scheduledFor: Instant;
  readonly dueAt: Instant;
  readonly projectId: string;
  readonly jobId: string;
  readonly jobName: string;
  readonly trigger: RunTrigger;
  readonly token: string;
  /** Number of this attempt, from 1. */
  readonly attempt: number;
  readonly lostAttempts: number;
  /** Attempts before this one that their worker broke off because it stopped. */
  readonly handedBack: number;
  /** Since when it could be claimed, and when it was. */
  readonly availableAt: Instant;
  readonly claimedAt: Instant;
  /** Start of the first attempt; null when this is the first. */
  readonly firstStartedAt: Instant | null;
  /** The body that replaces the target's, as JSON text. */
  readonly body: string | null;
  /** With masks in the place of secrets. */
  readonly target: HttpTarget;
  /** The target's sealed secrets by their place; null: none. */
  readonly secrets: Readonly<Record<string, string>> | null;
  /** What calls of its project are signed with at the claim, the newest first; null: they are not signed. */
  readonly signingSecrets: readonly StoredSigningSecret[] | null;
  readonly retry: RetryPolicy;
  readonly overlap: OverlapPolicy;
}

/** A run as it was claimed. */
export interface Claim extends ClaimedRun {
  /** The database's own clock at the claim, by which the caller sees whether its own, which dated the lease, is right. */
  readonly databaseAt: Instant;
}

export interface StoredSigningSecret {
  readonly id: string;
  readonly sealed: string;
}

/** How an attempt ended, to be written by whoever holds the lease. */
export interface FinishedAttempt {
  readonly run: Pick<
    ClaimedRun,
    'id' | 'scheduledFor' | 'dueAt' | 'projectId' | 'jobId' | 'jobName' | 'token' | 'overlap' | 'firstStartedAt'
  >;
  readonly state: 'succeeded' | 'failed' | 'retrying';
  readonly reason: RunReason | null;
  /** When a retry may start; otherwise ignored. */
  readonly availableAt: Instant | null;
  /** Nobody knows whether the target was reached: doesn't use up `maxAttempts`. */
  readonly lost: boolean;
  readonly attempt: Attempt;
  readonly finishedAt: Instant;
  readonly response: RunResponse | null;
  readonly error: RunError | null;
}

/** A run given back by the worker that held it. */
export interface HandedBackRun {
  readonly run: Pick<ClaimedRun, 'id' | 'scheduledFor' | 'projectId' | 'token'>;
  /** The call that was broken off; null when it was not made. */
  readonly attempt: Attempt | null;
}

/** Leases: taken by compare-and-set on a run's state, and every later write must carry the token. */
@Injectable()
export class ClaimsRepository {
  constructor(private readonly database: Database) {}

  /** Claims those of these runs that still wait. Ids that are no run ids are ignored. */
  claimByIds(runIds: readonly string[], now: Instant, leaseUntil: Instant, token: string): Promise<Claim[]> {
    const known = runIds.filter((id) => scheduledForOf(id) !== null);
    if (known.length === 0) return Promise.resolve([]);
    const [from, to] = spanOf(known.map((id) => ({ scheduledFor: scheduledForOf(id) ?? 0 })));
    return this.database.rows<Claim>(CLAIM_BY_IDS, [
      formatInstant(now),
      formatInstant(leaseUntil),
      token,
      known,
      from,
      to,
    ]);
  }

  /**
   * Claims up to `limit` runs that wait, the longest waiting first. Runs never attempted are left to the queue unless they
   * wait since `queuedBefore` or longer.
   */
  claimWaiting(
    limit: number,
    now: Instant,
    queuedBefore: Instant,
    leaseUntil: Instant,
    token: string,
  ): Promise<Claim[]> {
    return this.database.rows<Claim>(CLAIM_WAITING, [
      formatInstant(now),
      formatInstant(leaseUntil),
      token,
      limit,
      formatInstant(queuedBefore),
    ]);
  }

  /**
   * Writes how attempts ended and answers the ids that were accepted: the others' lease was lost or their run cancelled.
   * No two of one job in one call, so that its failure streak counts each.
   */
  async finish(batch: readonly FinishedAttempt[], sql: Sql = this.database): Promise<Set<string>> {
    if (batch.length === 0) return new Set();
    // In the order of ids, in which renewing and cancelling lock runs too.
    const finished = [...batch].sort((a, b) => (a.run.id < b.run.id ? -1 : 1));
    const [from, to] = spanOf(finished.map(({ run }) => run));
    const rows = await sql.rows<{ id: string }>(FINISH, [
      plainArray(finished.map(({ run }) => run.id)),
      plainArray(finished.map(({ run }) => formatInstant(run.scheduledFor))),
      plainArray(finished.map(({ run }) => run.token)),
      plainArray(finished.map(({ state }) => state)),
      plainArray(finished.map(({ reason }) => reason)),
      plainArray(finished.map(({ availableAt }) => (availableAt === null ? null : formatInstant(availableAt)))),
      plainArray(finished.map(({ run }) => run.firstStartedAt === null)),
      plainArray(finished.map(({ attempt }) => formatInstant(attempt.startedAt))),
      plainArray(finished.map(({ run, attempt }) => Math.max(0, attempt.startedAt - run.dueAt))),
      plainArray(finished.map(({ finishedAt }) => formatInstant(finishedAt))),
      plainArray(finished.map(({ attempt }) => attempt.durationMs)),
      finished.map(({ response }) => (response === null ? null : jsonbText(response))),
      finished.map(({ error }) => (error === null ? null : jsonbText(error))),
      finished.map(({ attempt }) => jsonbText(attempt)),
      from,
      to,
      plainArray(finished.map(({ lost }) => lost)),
    ]);
    return new Set(rows.map((row) => row.id));
  }

  /**
   * Gives runs up before their lease ends, so that another worker can have them at once, and answers the ids of those that
   * still were this worker's.
   */
  async handBack(batch: readonly HandedBackRun[]): Promise<Set<string>> {
    if (batch.length === 0) return new Set();
    // In the order of ids, in which finishing, renewing and cancelling lock runs too.
    const given = [...batch].sort((a, b) => (a.run.id < b.run.id ? -1 : 1));
    const [from, to] = spanOf(given.map(({ run }) => run));
    const rows = await this.database.rows<{ id: string }>(HAND_BACK, [
      plainArray(given.map(({ run }) => run.id)),
      plainArray(given.map(({ run }) => formatInstant(run.scheduledFor))),
      plainArray(given.map(({ run }) => run.token)),
      given.map(({ attempt }) => (attempt === null ? null : jsonbText(attempt))),
      from,
      to,
    ]);
    return new Set(rows.map((row) => row.id));
  }

  async recordCancelledAttempt(run: Pick<ClaimedRun, 'id' | 'scheduledFor'>, attempt: Attempt): Promise<void> {
    await this.database.rows(RECORD_CANCELLED, [run.id, formatInstant(run.scheduledFor), jsonbText(attempt)]);
  }

  /** Extends leases and answers the ids that still were this worker's. */
  async renew(
    runs: readonly Pick<ClaimedRun, 'id' | 'scheduledFor' | 'token'>[],
    leaseUntil: Instant,
  ): Promise<Set<string>> {
    if (runs.length === 0) return new Set();
    const [from, to] = spanOf(runs);
    const rows = await this.database.rows<{ id: string }>(RENEW, [
      plainArray(runs.map((run) => run.id)),
      plainArray(runs.map((run) => formatInstant(run.scheduledFor))),
      plainArray(runs.map((run) => run.token)),
      formatInstant(leaseUntil),
      from,
      to,
    ]);
    return new Set(rows.map((row) => row.id));
  }

  /** The target is gone for good (410): its job stops until someone changes or resumes it. */
  async pauseGoneJob(sql: Sql, jobId: string, note: string, now: Instant): Promise<void> {
    await sql.rows(PAUSE_GONE, [jobId, note, formatInstant(now)]);
  }

  transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    return this.database.transaction(work, PROMPT_MS);
  }

  /** When the first run that becomes available after `after` does so; null when none waits. */
  async nextAvailable(after: Instant): Promise<Instant | null> {
    const rows = await this.database.rows<{ at: Instant }>(NEXT_AVAILABLE, [formatInstant(after)]);
    return rows[0]?.at ?? null;
  }
}
