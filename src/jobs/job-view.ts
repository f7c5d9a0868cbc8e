import { describeSchedule } from '../domain/recurrence/describe.js';
import { formatElapsed } from '../domain/recurrence/duration.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { RevisedDefinition } from '../domain/job-revision.js';
import { maskSecrets } from '../domain/target-secrets.js';
import type { JobDefinition, JobStanding } from '../persistence/job-readings.repository.js';
import type { StoredJob } from '../persistence/jobs.repository.js';
import type { JobView } from './job.schemas.js';

/** What edits alone change of a view; all else is where the job stands. */
export type DefinitionView = ReturnType<typeof viewOfDefinition>;

/** A job as it is answered. */
export function viewOfJob({ stats, ...job }: StoredJob): JobView {
  const ran = stats ?? { lastRunAt: null, lastRunState: null, failureStreak: null };
  return viewOfParts(job.id, viewOfDefinition(job), { ...job, ...ran });
}

/** Depends on the definition and the edition of the time zones alone. */
export function viewOfDefinition(definition: JobDefinition) {
  return {
    ...settingsOf(definition),
    scheduleText: scheduleTextOf(definition),
    createdAt: formatInstant(definition.createdAt),
    updatedAt: formatInstant(definition.updatedAt),
  };
}

export function viewOfParts(id: string, definition: DefinitionView, standing: JobStanding): JobView {
  const { scheduleText, createdAt, updatedAt, ...settings } = definition;
  return {
    id,
    ...settings,
    state: standing.state,
    pauseNote: standing.pauseNote,
    pausedUntil: textOf(standing.pausedUntil),
    nextRunAt: standing.state === 'active' ? textOf(standing.nextRunAt) : null,
    lastRunAt: textOf(standing.lastRunAt),
    lastRunState: standing.lastRunState,
    runCount: standing.runCount,
    failureStreak: standing.failureStreak ?? 0,
    scheduleText,
    version: standing.version,
    createdAt,
    updatedAt,
  };
}

/** What a client may set, as it would send it; secrets are masked. A merge patch is applied to this. */
export function settingsOf(job: RevisedDefinition) {
  const { timeoutMs, ...target } = maskSecrets(job.target);
  const { retry, misfire } = job;
  return {
    name: job.name,
    description: job.description,
    labels: job.labels,
    schedule: job.schedule,
    target: {
      type: target.type,
      method: target.method,
      url: target.url,
      headers: target.headers,
      ...(target.auth !== undefined && { auth: target.auth }),
      ...(target.body !== undefined && { body: target.body }),
      timeout: formatElapsed(timeoutMs),
      success: { statuses: [...target.success.statuses] },
    } as JobView['target'],
    retry: {
      maxAttempts: retry.maxAttempts,
      backoff: retry.backoff,
      initialDelay: formatElapsed(retry.initialDelayMs),
      maxDelay: formatElapsed(retry.maxDelayMs),
      maxElapsed: formatElapsed(retry.maxElapsedMs),
    },
    overlap: job.overlap,
    misfire: {
      policy: misfire.policy,
      grace: formatElapsed(misfire.graceMs),
      within: formatElapsed(misfire.withinMs),
      limit: misfire.limit,
    },
  };
}

function textOf(instant: Instant | null): string | null {
  return instant === null ? null : formatInstant(instant);
}

/** A list must not fail because of one schedule whose zone this tz database no longer has. */
export function scheduleTextOf(job: Pick<JobDefinition, 'schedule'>): string {
  try {
    return describeSchedule(job.schedule);
  } catch {
    return `This schedule can't be read here (${job.schedule.timeZone})`;
  }
}
