import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { isPlain } from '../domain/occurrence-editing.js';
import type { Due } from '../domain/planning/agenda.js';
import { comingOccurrences } from '../domain/planning/coming.js';
import type { Coming } from '../domain/planning/coming.js';
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
        coming: comingOf(job, span, most),
      }),
    );
  }
}

interface Drawn {
  readonly marks: readonly RunMark[] | null;
  readonly bands: readonly Band[] | null;
  readonly standings: readonly Standing[];
  readonly coming: Coming;
}

function laneOf(job: StoredJob, { from, to }: Span, { marks, bands, standings, coming }: Drawn): LaneView {
  const { timeZone } = job.schedule;
  return {
    jobId: job.id,
    jobName: job.name,
    timeZone,
    state: job.state,
    runs: marks === null ? null : marks.map(viewOfMark),
    bands: bands === null ? null : bands.map((band) => ({ ...band, at: formatInstant(band.at) })),
    occurrences: coming.occurrences.map(viewOfDue),
    occurrencesTruncated: coming.truncated,
    pauses: pausesOf(standings, from, to).map((pause) => ({
      from: formatInstant(pause.from),
      to: pause.to === null ? null : formatInstant(pause.to),
      note: pause.note,
    })),
    clockChanges: clockChangesOf(timeZone, from, to).map((change) => ({ ...change, at: formatInstant(change.at) })),
  };
}

/** What can not be read here, being of a later release or of a zone that is gone, does not fire here. */
function comingOf(job: StoredJob, { from, to }: Span, most: number): Coming {
  try {
    return comingOccurrences(job, compileSchedule(job.schedule, job.id, job.calendars), { from, to, most });
  } catch (error) {
    if (error instanceof RangeError) return { occurrences: [], truncated: false };
    throw error;
  }
}

function viewOfDue({ scheduledFor, dueAt, edit }: Due): LaneView['occurrences'][number] {
  return {
    scheduledFor: formatInstant(scheduledFor),
    ...(dueAt !== scheduledFor && { dueAt: formatInstant(dueAt) }),
    ...(edit !== null && !isPlain(edit) && { action: edit.action }),
  };
}
