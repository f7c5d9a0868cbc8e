import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { formatInstant } from '../domain/recurrence/instants.js';
import { compileSchedule } from '../domain/recurrence/recurrence.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { clockChangesOf, pausesOf } from '../domain/statistics/pauses.js';
import { TIMELINE_RESOLUTIONS } from '../domain/statistics/resolution.js';
import type { Span } from '../domain/statistics/resolution.js';
import type { StoredJob } from '../persistence/job-rows.js';
import { TimelineRepository } from '../persistence/timeline.repository.js';
import type { Band, Standing } from '../persistence/timeline.repository.js';
import type { RunMark } from '../persistence/run-strips.repository.js';
import { Clock } from '../platform/clock.js';
import { decodeCursor, encodeCursor } from '../platform/contract/page.js';
import { askedSpan } from './asked-span.js';
import { viewOfMark } from './statistics.service.js';
import type { LaneView, TimelineQuery, TimelineView } from './timeline.schemas.js';

const HOUR_MS = 3_600_000;
/** More than these are counted in bands. */
const FEW_RUNS = 60;
const MOST_OCCURRENCES = 60;
/** Of all lanes together: each takes some microseconds to work out. */
const OCCURRENCES_TOGETHER = 1_500;

const Position = z.tuple([z.string().max(200)]);

/** Lanes of jobs: what ran, what will, and when they were paused. */
@Injectable()
export class TimelineService {
  constructor(
    private readonly timeline: TimelineRepository,
    private readonly clock: Clock,
  ) {}

  async read(projectId: string, { jobId, limit, cursor, ...asked }: TimelineQuery): Promise<TimelineView> {
    const now = this.clock.now();
    const span = askedSpan(asked, { from: now - HOUR_MS, to: now + HOUR_MS }, TIMELINE_RESOLUTIONS);
    const scope = ['timeline', projectId];
    const after = cursor === undefined ? '' : decodeCursor(cursor, scope, Position)[0];
    const found =
      jobId === undefined
        ? await this.timeline.jobsAfter(projectId, after, limit + 1)
        : await this.timeline.jobs(projectId, [...new Set(jobId)]);
    const jobs = jobId === undefined ? found.slice(0, limit) : found;
    const last = found.length > jobs.length ? jobs.at(-1) : undefined;
    return {
      from: formatInstant(span.from),
      to: formatInstant(span.to),
      now: formatInstant(now),
      resolution: span.resolution.name,
      lanes: await this.lanes(jobs, span, now),
      page: { nextCursor: last === undefined ? null : encodeCursor(scope, [last.name]) },
    };
  }

  private async lanes(jobs: readonly StoredJob[], span: Span, now: Instant): Promise<LaneView[]> {
    const ids = jobs.map(({ id }) => id);
    const [marks, standings] = await Promise.all([
      this.timeline.marks(ids, span, FEW_RUNS + 1),
      this.timeline.standings(ids, span),
    ]);
    const busy = ids.filter((id) => (marks.get(id)?.length ?? 0) > FEW_RUNS);
    const bands = busy.length === 0 ? new Map<string, Band[]>() : await this.timeline.bands(busy, span, now);
    const most = Math.min(MOST_OCCURRENCES, Math.floor(OCCURRENCES_TOGETHER / Math.max(1, jobs.length)));
    return jobs.map((job) =>
      laneOf(job, span, {
        marks: busy.includes(job.id) ? null : (marks.get(job.id) ?? []),
        bands: busy.includes(job.id) ? (bands.get(job.id) ?? []) : null,
        standings: standings.get(job.id) ?? [],
        occurrences: occurrencesOf(job, span, most),
      }),
    );
  }
}

interface Drawn {
  readonly marks: readonly RunMark[] | null;
  readonly bands: readonly Band[] | null;
  readonly standings: readonly Standing[];
  /** One more than is shown, when there are more. */
  readonly occurrences: { readonly at: readonly Instant[]; readonly truncated: boolean };
}

function laneOf(job: StoredJob, { from, to }: Span, { marks, bands, standings, occurrences }: Drawn): LaneView {
  const { timeZone } = job.schedule;
  return {
    jobId: job.id,
    jobName: job.name,
    timeZone,
    state: job.state,
    runs: marks === null ? null : marks.map(viewOfMark),
    bands: bands === null ? null : bands.map((band) => ({ ...band, at: formatInstant(band.at) })),
    occurrences: occurrences.at.map((at) => ({ scheduledFor: formatInstant(at) })),
    occurrencesTruncated: occurrences.truncated,
    pauses: pausesOf(standings, from, to).map((pause) => ({
      from: formatInstant(pause.from),
      to: pause.to === null ? null : formatInstant(pause.to),
      note: pause.note,
    })),
    clockChanges: clockChangesOf(timeZone, from, to).map((change) => ({ ...change, at: formatInstant(change.at) })),
  };
}

/** What is not in the ledger yet; of a paused job what comes after its pause. */
function occurrencesOf(job: StoredJob, { from, to }: Span, most: number): Drawn['occurrences'] {
  const at: Instant[] = [];
  const first = job.state === 'paused' ? job.pausedUntil : job.state === 'active' ? job.nextOccurrenceAt : null;
  if (first === null || first >= to) return { at, truncated: false };
  const left = job.schedule.maxRuns === undefined ? Infinity : job.schedule.maxRuns - job.scheduledRunCount;
  try {
    const recurrence = compileSchedule(job.schedule, job.id, job.calendars);
    let next = recurrence.next(Math.max(first, from) - 1);
    while (next !== null && next < to && at.length < Math.min(most, left)) {
      at.push(next);
      next = recurrence.next(next);
    }
    return { at, truncated: next !== null && next < to && at.length < left };
  } catch (error) {
    // Of a later release, or of a zone that is gone: it does not fire here.
    if (error instanceof RangeError) return { at: [], truncated: false };
    throw error;
  }
}
