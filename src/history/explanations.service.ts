import { Injectable } from '@nestjs/common';
import { Problem } from '../domain/errors.js';
import { explain } from '../domain/explain.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { CalendarsRepository } from '../persistence/calendars.repository.js';
import { JobRevisionsRepository } from '../persistence/job-revisions.repository.js';
import { JobsRepository } from '../persistence/jobs.repository.js';
import { RunsRepository } from '../persistence/runs.repository.js';
import { Clock } from '../platform/clock.js';
import { Config } from '../platform/config.js';
import { isUuid } from '../platform/contract/values.schema.js';
import type { ExplanationView } from './history.schemas.js';

/** Ends and births that another open run decided. */
const BESIDE_OTHERS: readonly unknown[] = ['overlap', 'replacedByNewerRun'];

/** Says for any instant whether a job did, didn't or will run then, and why. */
@Injectable()
export class ExplanationsService {
  constructor(
    private readonly jobs: JobsRepository,
    private readonly revisions: JobRevisionsRepository,
    private readonly calendars: CalendarsRepository,
    private readonly runs: RunsRepository,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  async explain(projectId: string, jobId: string, asked: Instant | undefined): Promise<ExplanationView> {
    const job = isUuid(jobId) ? await this.jobs.find(projectId, jobId) : null;
    if (job === null) throw new Problem('not_found', 'there is no such job');
    const now = this.clock.now();
    const at = asked ?? now;
    const [run, [revision]] = await Promise.all([
      this.runs.findAt(projectId, job.id, at),
      // What is due at the very instant of a change is still the version's before it.
      this.revisions.inSpan(projectId, job.id, at - 1, at - 1, 1),
    ]);
    const keptSince = now - this.config.runRetentionMs;
    const calendars = await this.calendars.named(projectId, revision?.definition.schedule.exclude ?? []);
    const edit = revision?.occurrenceEdits?.find(({ to }) => to === at);
    const movedHere =
      edit === undefined ? null : { edit, run: await this.runs.findAt(projectId, job.id, edit.scheduledFor) };
    const question = { job, at, now, revision: revision ?? null, calendars, run, movedHere, keptSince };
    const { verdict, text, previous, next } = explain(question);
    const isBeside = run !== null && (BESIDE_OTHERS.includes(run.reason) || run.state === 'held');
    return {
      at: formatInstant(at),
      ...{ verdict, text },
      runId: run?.id ?? (verdict === 'moved' ? (movedHere?.run?.id ?? null) : null),
      besideRunId: isBeside ? await this.runs.openBeside(projectId, run) : null,
      version: run?.jobVersion ?? revision?.version ?? null,
      previous: previous === null ? null : formatInstant(previous),
      next: next === null ? null : formatInstant(next),
    };
  }
}
