import type { Job } from '../domain/job.js';
import { describeSchedule } from '../domain/recurrence/describe.js';
import { formatElapsed } from '../domain/recurrence/duration.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { maskSecrets } from '../domain/target-secrets.js';
import type { StoredJob } from '../persistence/jobs.repository.js';
import type { JobView } from './job.schemas.js';

/** A job as it is answered. */
export function viewOfJob({ stats, ...job }: StoredJob): JobView {
  return {
    id: job.id,
    ...settingsOf(job),
    state: job.state,
    pauseNote: job.pauseNote,
    pausedUntil: textOf(job.pausedUntil),
    nextRunAt: job.state === 'active' ? textOf(job.nextRunAt) : null,
    lastRunAt: textOf(stats?.lastRunAt ?? null),
    lastRunState: stats?.lastRunState ?? null,
    runCount: job.runCount,
    failureStreak: stats?.failureStreak ?? 0,
    scheduleText: scheduleTextOf(job),
    version: job.version,
    createdAt: formatInstant(job.createdAt),
    updatedAt: formatInstant(job.updatedAt),
  };
}

/** What a client may set, as it would send it; secrets are masked. A merge patch is applied to this. */
export function settingsOf(job: Job) {
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
function scheduleTextOf(job: Job): string {
  try {
    return describeSchedule(job.schedule);
  } catch {
    return `This schedule can't be read here (${job.schedule.timeZone})`;
  }
}
