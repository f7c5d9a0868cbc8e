import type { Instant } from '../domain/recurrence/schedule.js';
import type { JobChanged, RunsChanged } from '../messaging/message.js';

const KEPT_MS = 60_000;
const MOST_KEPT = 2_000;
/**
 * Another replica may have heard the same a little later, or read its clock a little off: so much more is sent again. States
 * are told, not steps, so that twice does no harm.
 */
const SLACK_MS = 3_000;

interface Heard {
  readonly at: Instant;
  readonly message: RunsChanged | JobChanged;
}

/** What was said of a project in the last minute, so that who lost a stream to whatever replica can go on here. */
export class HeardChanges {
  private heard: Heard[] = [];
  private count = 0;

  /** What was said before `knownSince` is not known. Until then others may not have known that somebody listens. */
  constructor(private knownSince: Instant) {}

  add(message: RunsChanged | JobChanged, at: Instant): void {
    this.heard.push({ at, message });
    this.count += sizeOf(message);
    let dropped = 0;
    for (const { at: heardAt, message: oldest } of this.heard) {
      if (heardAt > at - KEPT_MS && this.count <= MOST_KEPT) break;
      this.count -= sizeOf(oldest);
      this.knownSince = Math.max(this.knownSince, heardAt + 1);
      dropped += 1;
    }
    if (dropped > 0) this.heard.splice(0, dropped);
  }

  forget(now: Instant): void {
    this.heard = [];
    this.count = 0;
    this.knownSince = now;
  }

  /** Null when not all of it is known, or it is more than `most` runs and jobs. */
  since(lastSeen: Instant, most: number): { runIds: string[]; jobs: JobChanged[] } | null {
    const from = lastSeen - SLACK_MS;
    if (from < this.knownSince) return null;
    const missed = this.heard.filter(({ at }) => at >= from).map(({ message }) => message);
    if (missed.some((message) => message.type === 'runsChanged' && message.more)) return null;
    const runIds = [...new Set(missed.flatMap((message) => (message.type === 'runsChanged' ? message.runIds : [])))];
    const jobs = missed.filter((message) => message.type === 'jobChanged');
    return runIds.length + jobs.length > most ? null : { runIds, jobs };
  }
}

function sizeOf(message: RunsChanged | JobChanged): number {
  return message.type === 'runsChanged' ? 1 + message.runIds.length : 1;
}
