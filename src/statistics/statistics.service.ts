import { Injectable } from '@nestjs/common';
import { Problem } from '../domain/errors.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import { STATISTICS_RESOLUTIONS } from '../domain/statistics/resolution.js';
import { LATENESS_OBJECTIVE_MS, tallyOf } from '../domain/statistics/tally.js';
import { JobsRepository } from '../persistence/jobs.repository.js';
import { RunStripsRepository } from '../persistence/run-strips.repository.js';
import type { RunMark } from '../persistence/run-strips.repository.js';
import { StatisticsRepository } from '../persistence/statistics.repository.js';
import { Clock } from '../platform/clock.js';
import { askedSpan } from './asked-span.js';
import type { MarkView, StatisticsQuery, StatisticsView, StripsQuery, StripsView } from './statistics.schemas.js';

const DAY_MS = 86_400_000;

/** What happened, counted and drawn. */
@Injectable()
export class StatisticsService {
  constructor(
    private readonly statistics: StatisticsRepository,
    private readonly strips: RunStripsRepository,
    private readonly jobs: JobsRepository,
    private readonly clock: Clock,
  ) {}

  async read(projectId: string, { jobId, ...asked }: StatisticsQuery): Promise<StatisticsView> {
    const now = this.clock.now();
    const span = askedSpan(asked, { from: now - DAY_MS, to: now }, STATISTICS_RESOLUTIONS);
    if (jobId !== undefined && (await this.jobs.find(projectId, jobId)) === null) throw noSuchJob();
    const [rollups, rolledUpTo] = await Promise.all([
      jobId === undefined ? this.statistics.ofProject(projectId, span, now) : this.statistics.ofJob(jobId, span, now),
      this.statistics.rolledUpTo(),
    ]);
    const { totals, latenessMs, durationMs, buckets } = tallyOf(span, rollups);
    return {
      from: formatInstant(span.from),
      to: formatInstant(span.to),
      resolution: span.resolution.name,
      rolledUpTo: rolledUpTo === null ? null : formatInstant(rolledUpTo),
      totals,
      latenessMs: latenessMs === null ? null : { ...latenessMs, objective: LATENESS_OBJECTIVE_MS },
      durationMs,
      buckets: buckets.map((bucket) => ({ ...bucket, at: formatInstant(bucket.at) })),
    };
  }

  async readStrips(projectId: string, { jobId, count }: StripsQuery): Promise<StripsView> {
    const strips = await this.strips.newest(projectId, [...new Set(jobId)], count, this.clock.now());
    return { data: strips.map((strip) => ({ jobId: strip.jobId, runs: strip.runs.map(viewOfMark) })) };
  }
}

export function viewOfMark(run: RunMark): MarkView {
  const { id, scheduledFor, state, reason, durationMs, latenessMs } = run;
  return { id, scheduledFor: formatInstant(scheduledFor), state, reason, durationMs, latenessMs };
}

function noSuchJob(): Problem {
  return new Problem('not_found', 'there is no such job');
}
