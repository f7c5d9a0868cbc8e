import type { Instant } from '../domain/recurrence/schedule.js';
import { randomHex } from '../platform/random-hex.js';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const RANDOM_BYTES = 10;

/**
 * A run's id: a UUID v7 (RFC 9562) whose time is the run's `scheduledFor`, so that an id alone leads to the partition
 * that holds the row, and ids sort as the ledger does. `scheduledFor` in whole milliseconds from 1970 on; RangeError for
 * any other.
 */
export function newRunId(scheduledFor: Instant): string {
  if (!(scheduledFor >= 0 && scheduledFor < 2 ** 48 && Number.isInteger(scheduledFor))) {
    throw new RangeError(`${scheduledFor} is no instant that a run can have`);
  }
  const time = scheduledFor.toString(16).padStart(12, '0');
  const random = randomHex(RANDOM_BYTES);
  const variant = ((parseInt(random.charAt(3), 16) & 3) | 8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`;
}

/** The `scheduledFor` that a run's id carries; null when it is not the id of a run. */
export function scheduledForOf(runId: string): Instant | null {
  return UUID_V7.test(runId) ? parseInt(runId.slice(0, 8) + runId.slice(9, 13), 16) : null;
}
