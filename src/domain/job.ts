import type { OccurrenceEdits } from './occurrence-edit.js';
import type { Calendars } from './recurrence/exclusion.js';
import type { Instant, Schedule } from './recurrence/schedule.js';

export type JobState = 'active' | 'paused' | 'completed';
export type OverlapPolicy = 'allow' | 'skip' | 'queueOne' | 'queueAll' | 'cancelRunning';
export type Backoff = 'exponential' | 'linear' | 'fixed';

/** How a failed attempt is repeated. Delays in milliseconds; `maxAttempts` counts the first one. */
export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly backoff: Backoff;
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  /** No attempt starts later than this after the first one started. */
  readonly maxElapsedMs: number;
}

/** What becomes of occurrences that were found late. Times in milliseconds. */
export interface MisfirePolicy {
  readonly policy: 'skip' | 'runLast' | 'runAll';
  /** Found no later than this after it was due, an occurrence runs as if on time. */
  readonly graceMs: number;
  /** Older than this it is never run. */
  readonly withinMs: number;
  /** At most so many missed occurrences are run by `runAll`, the newest ones. */
  readonly limit: number;
}

/** A header is plain text, or a secret that is never read back. */
export type HeaderValue = string | { readonly value: string; readonly secret: true };

/** How a call shows who it comes from. Of each type one member is a secret (`SECRET_MEMBER` in `target-secrets.ts`). */
export type TargetAuth =
  | { readonly type: 'basic'; readonly username: string; readonly password: string }
  | { readonly type: 'bearer'; readonly token: string }
  /** Client credentials of OAuth 2 (RFC 6749, 4.4). */
  | {
      readonly type: 'oauth2';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly scope?: string;
      readonly audience?: string;
      /** Where the token endpoint wants id and secret of the client: in `Authorization`, or in the form. */
      readonly credentialsIn: 'header' | 'body';
    }
  /** A client certificate, all in PEM; `certificate` may hold a chain, the client's own first. */
  | {
      readonly type: 'mtls';
      readonly certificate: string;
      readonly privateKey: string;
      /** What the target's certificate is trusted by, in place of the well-known ones. */
      readonly ca?: string;
    };

export interface HttpTarget {
  readonly type: 'http';
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';
  readonly url: string;
  readonly headers: Readonly<Record<string, HeaderValue>>;
  readonly auth?: TargetAuth;
  /** Any JSON value; absent means the default body. A string is sent as it is. */
  readonly body?: unknown;
  readonly timeoutMs: number;
  /** `200`, or a class like `2xx`. */
  readonly success: { readonly statuses: readonly string[] };
}

/** A job as it is stored. Instants in epoch milliseconds. */
export interface Job {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly description: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly schedule: Schedule;
  /** Those that its schedule names, as they stood when the job was read; none are needed where it only is shown. */
  readonly calendars?: Calendars;
  /** With the mask in place of each secret: those are kept apart, sealed. */
  readonly target: HttpTarget;
  readonly retry: RetryPolicy;
  readonly overlap: OverlapPolicy;
  readonly misfire: MisfirePolicy;
  readonly state: JobState;
  readonly pauseNote: string | null;
  readonly pausedAt: Instant | null;
  readonly pausedUntil: Instant | null;
  /** End of the last pause; occurrences in [pausedAt, resumedAt) were missed because of it. */
  readonly resumedAt: Instant | null;
  /** Nominal instant of the first occurrence that is neither in the ledger nor edited; null when there is none. */
  readonly nextOccurrenceAt: Instant | null;
  /** Of single occurrences to come; null for nearly every job. */
  readonly occurrenceEdits?: OccurrenceEdits | null;
  /**
   * When the planner must look at the job: when the first of `nextOccurrenceAt` and the edited ones is due while active,
   * `pausedUntil` while paused, null when nothing is to be done.
   */
  readonly nextRunAt: Instant | null;
  readonly runCount: number;
  /** Runs made by the schedule: what `maxRuns` counts. */
  readonly scheduledRunCount: number;
  readonly version: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

export const DEFAULT_RETRY: RetryPolicy = {
  maxAttempts: 3,
  backoff: 'exponential',
  initialDelayMs: 1_000,
  maxDelayMs: 300_000,
  maxElapsedMs: 3_600_000,
};

export const DEFAULT_MISFIRE: MisfirePolicy = { policy: 'runLast', graceMs: 10_000, withinMs: 3_600_000, limit: 100 };
