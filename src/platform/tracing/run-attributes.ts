import { formatInstant } from '../../domain/recurrence/instants.js';
import type { Instant } from '../../domain/recurrence/schedule.js';
import { spanIdOfRun, traceIdOfRun } from './trace-context.js';
import type { TraceContext } from './trace-context.js';
import type { Attributes, Tracing } from './tracing.js';

interface TracedRun {
  readonly id: string;
  readonly jobId: string;
  readonly jobName: string;
  readonly projectId: string;
  readonly trigger: string;
  readonly scheduledFor: Instant;
}

/** Names what a run is: all of it stands in URLs and answers of the API, none of it is secret. */
export function runAttributes(run: TracedRun): Attributes {
  return {
    'carillon.run.id': run.id,
    'carillon.run.trigger': run.trigger,
    'carillon.run.scheduled_for': formatInstant(run.scheduledFor),
    'carillon.job.id': run.jobId,
    'carillon.job.name': run.jobName,
    'carillon.project.id': run.projectId,
  };
}

/** The span of a run as a whole: in the trace of the request that started it, or in one of its own, which its id names. */
export function placeOfRun(runId: string, startedBy: TraceContext | null, tracing: Tracing): TraceContext {
  const spanId = spanIdOfRun(runId);
  if (startedBy !== null) return { ...startedBy, spanId };
  const traceId = traceIdOfRun(runId);
  return { traceId, spanId, sampled: tracing.samples(traceId) };
}
