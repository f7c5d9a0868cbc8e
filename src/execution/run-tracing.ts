import { Injectable } from '@nestjs/common';
import type { HttpTarget } from '../domain/job.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { ClaimedRun, FinishedAttempt } from '../persistence/claims.repository.js';
import { RunTracesRepository } from '../persistence/run-traces.js';
import type { RunTraceRow } from '../persistence/run-traces.js';
import { OneTurn } from '../platform/one-turn.js';
import { placeOfRun, runAttributes } from '../platform/tracing/run-attributes.js';
import { formatTraceparent, parseTraceparent, traceIdOfRun } from '../platform/tracing/trace-context.js';
import type { TraceContext } from '../platform/tracing/trace-context.js';
import { Tracing } from '../platform/tracing/tracing.js';
import type { Attributes } from '../platform/tracing/tracing.js';
import { withTimeLimit } from '../platform/time-limit.js';
import type { Answer } from './targets/http-target.js';

/** A call waits no longer to learn which trace it belongs to; it has its run's own then. */
const READ_LIMIT_MS = 250;
/** Runs that nobody but the schedule started: no request handed them a trace. */
const BY_SCHEDULE = new Set<ClaimedRun['trigger']>(['schedule', 'misfire']);

export interface AttemptTrace {
  /** For the target. */
  readonly traceparent: string;
  end(answer: Answer): void;
}

interface Begun {
  readonly run: ClaimedRun;
  readonly whole: TraceContext;
  readonly startedBy: TraceContext | null;
}

/** The part of a run's trace that delivery writes: its wait, each attempt, and the run as a whole once it has ended. */
@Injectable()
export class RunTracing {
  private readonly reads = new OneTurn((runs: readonly ClaimedRun[]) => this.read(runs));
  private readonly begun = new WeakMap<object, Begun>();

  constructor(
    private readonly tracing: Tracing,
    private readonly traces: RunTracesRepository,
  ) {}

  /** Asked before anything else here is called. */
  get isOn(): boolean {
    return this.tracing.isOn;
  }

  async begin(run: ClaimedRun, startedAt: Instant): Promise<AttemptTrace> {
    const row = await this.rowOf(run);
    const startedBy = row?.traceparent == null ? null : parseTraceparent(row.traceparent);
    const whole = placeOfRun(run.id, startedBy, this.tracing);
    this.begun.set(run, { run, whole, startedBy });
    const attributes = runAttributes(run);
    if (row?.claimedAt != null) {
      const startAt = Math.min(row.availableAt, row.claimedAt);
      this.tracing.write(this.tracing.place(whole), whole, {
        name: 'queue',
        startAt,
        endAt: row.claimedAt,
        attributes,
      });
    }
    const place = this.tracing.place(whole);
    const startedMs = performance.now();
    return {
      traceparent: formatTraceparent(place),
      end: (answer) =>
        this.tracing.write(place, whole, {
          name: 'attempt',
          kind: 'client',
          startAt: startedAt,
          endAt: startedAt + (performance.now() - startedMs),
          attributes: { ...attributes, 'carillon.attempt': run.attempt, ...callAttributes(run.target, answer) },
          error: errorOf(answer),
        }),
    };
  }

  /** The run has come to its end, and the ledger has it. */
  ended({ run, state, reason, attempt, finishedAt }: FinishedAttempt): void {
    const begun = this.begun.get(run);
    if (begun === undefined) return;
    const attributes: Attributes = {
      ...runAttributes(begun.run),
      'carillon.run.state': state,
      'carillon.run.attempts': attempt.number,
      ...(reason !== null && { 'carillon.run.reason': reason }),
    };
    this.tracing.write(begun.whole, begun.startedBy, {
      name: 'run',
      startAt: begun.run.dueAt,
      endAt: finishedAt,
      attributes,
      error: state === 'failed' ? (reason ?? 'failed') : null,
    });
  }

  /** Null where it is not needed, or not to be had now. */
  private async rowOf(run: ClaimedRun): Promise<RunTraceRow | null> {
    if (BY_SCHEDULE.has(run.trigger) && !this.tracing.samples(traceIdOfRun(run.id))) return null;
    return withTimeLimit(this.reads.add(run), READ_LIMIT_MS).catch(() => null);
  }

  private async read(runs: readonly ClaimedRun[]): Promise<(RunTraceRow | null)[]> {
    const rows = await this.traces.read(runs);
    return runs.map(({ id }) => rows.get(id) ?? null);
  }
}

/** Of the URL the host alone: paths and queries can hold what is nobody else's business. */
function callAttributes({ method, url }: HttpTarget, answer: Answer): Attributes {
  const { hostname, port, protocol } = URL.canParse(url) ? new URL(url) : { hostname: '', port: '', protocol: '' };
  return {
    'http.request.method': method,
    'server.address': hostname,
    'server.port': port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
    ...(answer.kind === 'answered' && { 'http.response.status_code': answer.status }),
  };
}

function errorOf(answer: Answer): string | null {
  switch (answer.kind) {
    case 'answered':
      return answer.status >= 400 ? String(answer.status) : null;
    case 'timedOut':
      return 'timeout';
    case 'aborted':
      return 'aborted';
    case 'unreachable':
    case 'refused':
      return answer.code;
  }
}
