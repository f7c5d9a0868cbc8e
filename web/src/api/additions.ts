/**
 * Shapes of operations that are agreed and may not be in the service yet. When docs/openapi.json has one, its generated
 * type takes the place of the one here.
 */
import type { Schemas } from './client';

export type RunState = Schemas['Run']['state'];
export type JobState = Schemas['Job']['state'];

export interface StripRun {
  readonly id: string;
  readonly scheduledFor: string;
  readonly state: RunState;
  readonly reason: string | null;
  readonly durationMs: number | null;
  readonly latenessMs: number | null;
}

export interface Strips {
  readonly data: readonly { readonly jobId: string; readonly runs: readonly StripRun[] }[];
}

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface Ends {
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly skipped: number;
  readonly open: number;
}

export interface Statistics {
  readonly from: string;
  readonly to: string;
  readonly resolution: 'PT1M' | 'PT1H' | 'P1D';
  readonly totals: Ends & { readonly runs: number; readonly reasons: Readonly<Record<string, number>> };
  /** Null: nothing was started. */
  readonly latenessMs: (Percentiles & { readonly objective: number; readonly withinObjective: number }) | null;
  readonly durationMs: Percentiles | null;
  readonly buckets: readonly (Ends & {
    readonly at: string;
    readonly latenessMs: Percentiles | null;
    readonly durationMs: Percentiles | null;
  })[];
}

export interface TimelineLane {
  readonly jobId: string;
  readonly jobName: string;
  readonly timeZone: string;
  readonly state: JobState;
  readonly runs: readonly StripRun[] | null;
  readonly bands: readonly (Ends & { readonly at: string })[] | null;
  readonly occurrences: readonly {
    readonly scheduledFor: string;
    readonly dueAt?: string;
    readonly action?: 'skip' | 'move' | 'run';
  }[];
  readonly occurrencesTruncated: boolean;
  readonly pauses: readonly { readonly from: string; readonly to: string | null; readonly note: string | null }[];
  readonly clockChanges: readonly { readonly at: string; readonly before: string; readonly after: string }[];
}

export interface Timeline {
  readonly from: string;
  readonly to: string;
  readonly now: string;
  readonly resolution: string | null;
  readonly lanes: readonly TimelineLane[];
  readonly page: { readonly nextCursor: string | null };
}

export interface Forecast {
  readonly from: string;
  readonly to: string;
  readonly resolution: 'PT1M' | 'PT1H';
  /** Null: none was made yet. */
  readonly computedAt: string | null;
  /** Some rules were sampled, not counted. */
  readonly estimated: boolean;
  readonly total: number;
  readonly peak: number;
  readonly cells: readonly { readonly at: string; readonly fires: number }[];
  readonly crowded: readonly {
    readonly at: string;
    readonly fires: number;
    readonly jobs: readonly { readonly id: string; readonly name: string }[];
    readonly afterSpreading: number;
  }[];
}

export interface TargetHealth {
  readonly host: string;
  readonly state: 'healthy' | 'failing' | 'slow' | 'quiet';
  readonly runs: number;
  readonly failed: number;
  readonly attempts: number;
  readonly durationMs: { readonly p50: number; readonly p95: number } | null;
  readonly lastFailureAt: string | null;
  readonly lastError: { readonly code: string; readonly message: string } | null;
}

export interface Attention {
  readonly onTime: boolean;
  readonly sentence: string;
  readonly items: readonly {
    readonly kind: string;
    readonly severity: 'critical' | 'warning' | 'info';
    readonly jobId?: string | null;
    readonly host?: string | null;
    readonly detail: string;
    readonly since: string | null;
  }[];
}

export interface TargetTest {
  readonly request?: {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | null;
  };
  readonly outcome: string;
  readonly status: number | null;
  readonly durationMs: number;
  readonly timings: Timings;
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly bodyExcerpt: string;
  } | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface Timings {
  readonly queuedMs?: number | null;
  readonly claimedMs?: number | null;
  readonly resolvedMs: number | null;
  readonly connectedMs: number | null;
  readonly firstByteMs: number | null;
  readonly doneMs: number | null;
}

export interface WhoAmI {
  readonly actor: {
    readonly kind: 'open' | 'key' | 'token' | 'root';
    readonly id: string | null;
    readonly name: string | null;
  };
  readonly role: 'viewer' | 'editor' | 'admin' | 'root';
  readonly project: { readonly id: string; readonly name: string };
  readonly auth: 'open' | 'keys';
}

export interface SignInMethods {
  readonly auth: 'open' | 'keys';
  readonly oidc: {
    readonly issuer: string;
    readonly clientId: string;
    readonly scopes: readonly string[] | string;
    readonly audience: string;
    /** Which of the provider's tokens the service takes. */
    readonly bearer: 'access' | 'id';
    readonly authorizationEndpoint: string;
    readonly tokenEndpoint: string;
  } | null;
}

export interface LiveRun extends StripRun {
  readonly jobId: string;
  readonly jobName: string;
}

export interface LiveJob {
  readonly id: string;
  readonly name: string;
  readonly change: 'created' | 'changed' | 'paused' | 'resumed' | 'deleted' | 'completed';
}
