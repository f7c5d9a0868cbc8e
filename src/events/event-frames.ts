import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { JobChanged } from '../messaging/message.js';
import type { StandingRun } from '../persistence/run-changes.repository.js';
import type { JobEvent, ResyncEvent, RunEvent } from './events.schemas.js';

/** How soon a client that lost its stream comes again. */
export const RETRY_FRAME = 'retry: 2000\n\n';

export type ResyncReason = ResyncEvent['reason'];

/**
 * What a client sends as `Last-Event-ID`: all that was said before this instant was sent to it. An instant of the database's
 * clock, which all replicas follow, so that another one can go on from it.
 */
export function idLine(at: Instant): string {
  return `id: ${at}\n`;
}

/** Null for what is no id of ours. */
export function instantOfEventId(id: string): Instant | null {
  return /^\d{13}$/.test(id) ? Number(id) : null;
}

export function runFrame(run: StandingRun): string {
  const event: RunEvent = {
    ...run,
    scheduledFor: formatInstant(run.scheduledFor),
    startedAt: run.startedAt === null ? null : formatInstant(run.startedAt),
    finishedAt: run.finishedAt === null ? null : formatInstant(run.finishedAt),
  };
  return frame('run', event);
}

export function jobFrame({ jobId, name, change }: JobChanged): string {
  return frame('job', { id: jobId, name, change } satisfies JobEvent);
}

export function resyncFrame(reason: ResyncReason): string {
  return frame('resync', { reason } satisfies ResyncEvent);
}

/** JSON holds no line break that ends a line of an event stream. */
function frame(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
