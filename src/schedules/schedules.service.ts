import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { z } from 'zod';
import { Problem } from '../domain/errors.js';
import { canCrowd, crowdWarnings, MOST_COUNTED } from '../domain/crowd-warning.js';
import { previewJob } from '../domain/job-preview.js';
import { NO_CALENDARS } from '../domain/recurrence/exclusion.js';
import type { Calendars } from '../domain/recurrence/exclusion.js';
import { parseInstant } from '../domain/recurrence/instants.js';
import { parseSchedule } from '../domain/recurrence/parse-schedule.js';
import { previewSchedule } from '../domain/recurrence/preview.js';
import type { PreviewOptions, SchedulePreview } from '../domain/recurrence/preview.js';
import { quote } from '../domain/recurrence/problems.js';
import type { Instant, Schedule } from '../domain/recurrence/schedule.js';
import { warmUpRecurrence } from '../domain/recurrence/warm-up.js';
import { PureResults } from '../caching/pure-results.js';
import { CalendarsRepository } from '../persistence/calendars.repository.js';
import { JobsRepository } from '../persistence/jobs.repository.js';
import { Clock } from '../platform/clock.js';
import { viewOfOccurrence } from '../platform/contract/schedule.schema.js';
import type { JobPreviewView, PreviewView } from '../platform/contract/schedule.schema.js';
import { isUuid } from '../platform/contract/values.schema.js';
import { refuseBody } from '../platform/validation/request-validation.pipe.js';

/** A preview belongs to no job: `H` is spread as for this one. */
const PREVIEW_SEED = '00000000-0000-7000-8000-000000000000';

export interface PreviewRequest {
  readonly schedule?: unknown;
  readonly from?: Instant;
  readonly count: number;
  readonly until?: Instant;
}

/** Says what schedules will do. */
@Injectable()
export class SchedulesService implements OnModuleInit {
  constructor(
    private readonly jobs: JobsRepository,
    private readonly calendars: CalendarsRepository,
    private readonly clock: Clock,
    private readonly pureResults: PureResults,
  ) {}

  /** Before the first request is taken. */
  onModuleInit(): void {
    warmUpRecurrence(this.clock.now());
  }

  async preview(
    projectId: string,
    { schedule: input, from, count, until }: PreviewRequest,
  ): Promise<z.infer<typeof PreviewView>> {
    const now = this.clock.now();
    const parsed = parseSchedule(input, { now });
    if (!parsed.ok) {
      throw refuseBody(parsed.problems.map((problem) => ({ ...problem, pointer: `/schedule${problem.pointer}` })));
    }
    const { exclude = [] } = parsed.schedule;
    const calendars = await this.calendars.named(projectId, exclude);
    refuseUnknown(exclude, calendars);
    const options = { seed: PREVIEW_SEED, from: from ?? now, count, until, calendars };
    const preview = await this.keptOr(parsed.schedule, options, from !== undefined, () =>
      previewSchedule(parsed.schedule, options),
    );
    if (preview.occurrences.length === 0 && until === undefined) throw neverFires();
    const { schedule } = parsed;
    return { schedule, ...preview, warnings: await this.warningsOf(projectId, schedule, preview) };
  }

  /** What the schedule of a job will do, whatever the job's state. A job whose schedule is at its end has none. */
  async occurrences(
    projectId: string,
    jobId: string,
    count: number,
    from?: Instant,
  ): Promise<z.infer<typeof JobPreviewView>> {
    const job = isUuid(jobId) ? await this.jobs.find(projectId, jobId) : null;
    if (job === null) throw new Problem('not_found', 'there is no such job');
    const runsLeft = job.schedule.maxRuns === undefined ? Infinity : job.schedule.maxRuns - job.scheduledRunCount;
    const { schedule } = job;
    const edits = job.occurrenceEdits ?? [];
    const options = { seed: job.id, from: from ?? this.clock.now(), count, calendars: job.calendars, edits, runsLeft };
    const preview = await this.keptOr(schedule, options, from !== undefined, () => previewJob(schedule, options));
    const warnings = await this.warningsOf(projectId, schedule, preview, job.nextRunAt);
    return { schedule, ...preview, occurrences: preview.occurrences.map(viewOfOccurrence), warnings };
  }

  /** What a preview can't know: who else is due at its first occurrence. `ownAt`: when the job itself is. */
  private async warningsOf(
    projectId: string,
    schedule: Schedule,
    { occurrences, warnings }: SchedulePreview,
    ownAt: Instant | null = null,
  ): Promise<string[]> {
    const first = occurrences[0]?.scheduledFor;
    const at = first === undefined || !canCrowd(schedule) ? null : parseInstant(first);
    if (at === null) return warnings;
    const there = await this.jobs.countDueAt(projectId, at, MOST_COUNTED + 1);
    return [...warnings, ...crowdWarnings(schedule, there - (at === ownAt ? 1 : 0))];
  }

  /** From a given instant on, a preview depends on nothing but the request; from now on, it would never be asked again. */
  private async keptOr<Preview extends SchedulePreview>(
    schedule: Schedule,
    options: PreviewOptions,
    isFromGiven: boolean,
    compute: () => Preview,
  ): Promise<Preview> {
    const { calendars = NO_CALENDARS, ...rest } = options;
    const days = [...calendars.values()].map(({ key }) => key);
    return isFromGiven ? this.pureResults.of(['preview', schedule, rest, days], compute) : compute();
  }
}

export function refuseUnknown(names: readonly string[], calendars: Calendars): void {
  const faults = names.flatMap((name, index) => {
    if (calendars.has(name)) return [];
    const detail = `${quote(name)} is not the name of a calendar of this project`;
    return [{ pointer: `/schedule/exclude/${index}`, code: 'unknown_calendar', detail }];
  });
  if (faults.length > 0) throw refuseBody(faults);
}

function neverFires(): Problem {
  return new Problem('schedule_never_fires', 'the schedule has no occurrence after that instant', [
    { pointer: '/schedule', code: 'schedule_never_fires', detail: 'has no occurrence after that instant' },
  ]);
}
