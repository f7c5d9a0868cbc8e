import type { HttpTarget } from '../domain/job.js';
import { parseInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { AttemptEnd } from '../domain/retry.js';
import { decideRetry } from '../domain/retry.js';
import type { AttemptOutcome, AttemptTimings, RunError } from '../domain/run.js';
import type { ClaimedRun, FinishedAttempt } from '../persistence/claims.repository.js';
import { sinceStart } from './targets/call-marks.js';
import type { CallMarks } from './targets/call-marks.js';
import type { Answer } from './targets/http-target.js';

export interface Timing {
  readonly startedAt: Instant;
  readonly finishedAt: Instant;
  readonly durationMs: number;
  readonly timings?: AttemptTimings;
}

/** Turns what came of a call into what the ledger records. `spread` in [0, 1) spreads the delay of a retry. */
export function finishedAttempt(run: ClaimedRun, answer: Answer, timing: Timing, spread: number): FinishedAttempt {
  const { end, outcome, error } = judge(run.target, answer, timing.finishedAt);
  const decision = decideRetry(run.retry, end, {
    attempt: run.attempt - run.handedBack,
    lostAttempts: run.lostAttempts + (end.kind === 'lost' ? 1 : 0),
    firstStartedAt: run.firstStartedAt ?? timing.startedAt,
    now: timing.finishedAt,
    spread,
  });
  const status = answer.kind === 'answered' ? answer.status : null;
  return {
    run,
    state: decision.state,
    reason: decision.reason,
    availableAt: decision.state === 'retrying' ? decision.availableAt : null,
    lost: end.kind === 'lost',
    attempt: {
      number: run.attempt,
      startedAt: timing.startedAt,
      durationMs: timing.durationMs,
      outcome,
      status,
      error,
      ...(timing.timings !== undefined && { timings: timing.timings }),
    },
    finishedAt: timing.finishedAt,
    response: answer.kind === 'answered' ? { status: answer.status, bodyExcerpt: answer.bodyExcerpt } : null,
    error,
  };
}

/** Clocks of two replicas may part by a little: what comes before the start is never after it. */
export function timingsOf(
  { availableAt, claimedAt }: Pick<ClaimedRun, 'availableAt' | 'claimedAt'>,
  { startedAt, startedMs }: { readonly startedAt: Instant; readonly startedMs: number },
  { resolvedAtMs, connectedAtMs, firstByteAtMs, doneAtMs }: CallMarks,
): AttemptTimings {
  return [
    Math.min(0, availableAt - startedAt),
    Math.min(0, claimedAt - startedAt),
    sinceStart(resolvedAtMs, startedMs),
    sinceStart(connectedAtMs, startedMs),
    sinceStart(firstByteAtMs, startedMs),
    sinceStart(doneAtMs, startedMs),
  ];
}

interface Judgement {
  readonly end: AttemptEnd;
  readonly outcome: AttemptOutcome;
  readonly error: RunError | null;
}

/** What an answer means for the target that gave it, or did not. */
export function judge(target: HttpTarget, answer: Answer, now: Instant): Judgement {
  switch (answer.kind) {
    case 'answered': {
      if (isSuccess(target.success.statuses, answer.status)) {
        return { end: { kind: 'succeeded' }, outcome: 'succeeded', error: null };
      }
      const error = { code: 'status', message: `the target answered ${answer.status}` };
      if (answer.status === 410) return { end: { kind: 'final', reason: 'gone' }, outcome: 'failed', error };
      const retryAfterMs = answer.retryAfter === null ? null : parseRetryAfterMs(answer.retryAfter, now);
      return { end: { kind: 'failed', retryAfterMs }, outcome: 'failed', error };
    }
    case 'timedOut':
      return {
        end: { kind: 'failed', retryAfterMs: null },
        outcome: 'timedOut',
        error: { code: 'timeout', message: `no complete answer within ${target.timeoutMs} ms` },
      };
    case 'unreachable':
      return {
        end: { kind: 'failed', retryAfterMs: null },
        outcome: 'failed',
        error: { code: answer.code, message: answer.message },
      };
    case 'refused':
      return {
        end: { kind: 'final', reason: 'rejected' },
        outcome: 'failed',
        error: { code: answer.code, message: answer.message },
      };
    case 'aborted':
      return {
        end: { kind: 'lost' },
        outcome: 'cancelled',
        error: { code: 'aborted', message: 'the call was aborted' },
      };
  }
}

/** `statuses` holds codes (`200`) and classes (`2xx`). */
function isSuccess(statuses: readonly string[], status: number): boolean {
  const text = String(status);
  return statuses.some((wanted) => wanted === text || (wanted[0] === text[0] && wanted.toLowerCase().endsWith('xx')));
}

/** RFC 9110: whole seconds, or an HTTP date. Null when it is neither or lies in the past. */
export function parseRetryAfterMs(value: string, now: Instant): number | null {
  const text = value.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const at = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)
    ? Date.parse(text)
    : parseInstant(text);
  return at !== null && at > now ? at - now : null;
}
