import { Problem } from '../domain/errors.js';
import { formatElapsed } from '../domain/recurrence/duration.js';

/** Raised by the triggers that count jobs. */
const QUOTA_EXCEEDED = 'CQ001';

interface Refusal {
  readonly quota: 'jobs' | 'firesPerMinute' | 'leastIntervalMs';
  readonly limit: number;
  readonly used: number;
  readonly asked: number;
}

/** The problem that a write was refused for, when it was for a quota of the project; null for all other errors. */
export function refusedByQuota(error: unknown): Problem | null {
  const { code, detail } = (error ?? {}) as { code?: unknown; detail?: unknown };
  if (code !== QUOTA_EXCEEDED || typeof detail !== 'string') return null;
  const refusal = JSON.parse(detail) as Refusal;
  const { quota } = refusal;
  const fault = {
    pointer: quota === 'jobs' ? '' : '/schedule',
    code: quota === 'leastIntervalMs' ? 'leastInterval' : quota,
    detail: wordsOf(refusal),
  };
  return new Problem('quota_exceeded', `a quota of the project has no room for this: ${fault.detail}`, [fault]);
}

/** The quota that a write was refused for, by the name that its fault has; null for all other errors. */
export function quotaRefusing(error: unknown): 'jobs' | 'firesPerMinute' | 'leastInterval' | null {
  if (!(error instanceof Problem) || error.code !== 'quota_exceeded') return null;
  const code = error.faults[0]?.code;
  return code === 'jobs' || code === 'firesPerMinute' || code === 'leastInterval' ? code : null;
}

function wordsOf({ quota, limit, used, asked }: Refusal): string {
  switch (quota) {
    case 'jobs':
      return `${used} of ${limit} jobs are there, ${asked} more were asked for`;
    case 'firesPerMinute':
      return `${rounded(used)} of ${limit} fires a minute are taken, ${rounded(asked)} more were asked for`;
    case 'leastIntervalMs':
      return `two occurrences may be ${formatElapsed(asked)} apart, and no less than ${formatElapsed(limit)} is allowed`;
  }
}

function rounded(fires: number): string {
  return String(Number(fires.toPrecision(3)));
}
