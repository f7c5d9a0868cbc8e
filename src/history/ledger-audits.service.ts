import { Injectable } from '@nestjs/common';
import { Problem } from '../domain/errors.js';
import { expectedOccurrences } from '../domain/expected-occurrences.js';
import { compareWithLedger } from '../domain/ledger-audit.js';
import type { AuditFindings } from '../domain/ledger-audit.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { JobRevisionsRepository } from '../persistence/job-revisions.repository.js';
import { JobsRepository } from '../persistence/jobs.repository.js';
import { RunsRepository } from '../persistence/runs.repository.js';
import { Clock } from '../platform/clock.js';
import { Config } from '../platform/config.js';
import { isUuid } from '../platform/contract/values.schema.js';
import { refuseBody } from '../platform/validation/request-validation.pipe.js';

const DAY_MS = 86_400_000;
/** In one comparison: bounded in memory and in the time that it takes. */
const MAX_OCCURRENCES = 5_000;
const MAX_REVISIONS = 1_000;
/** What was due by then has been planned where all is well. */
const PLANNED_WITHIN_MS = 60_000;

export interface LedgerAudit extends AuditFindings {
  readonly from: Instant;
  /** How far was compared. */
  readonly to: Instant;
  readonly truncated: boolean;
}

/** Compares the ledger of a job with what its versions say, apart from the planner that wrote it. */
@Injectable()
export class LedgerAuditsService {
  constructor(
    private readonly jobs: JobsRepository,
    private readonly revisions: JobRevisionsRepository,
    private readonly runs: RunsRepository,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  async auditAsked(projectId: string, jobId: string, asked: { from?: Instant; to?: Instant }): Promise<LedgerAudit> {
    const job = isUuid(jobId) ? await this.jobs.find(projectId, jobId) : null;
    if (job === null) throw new Problem('not_found', 'there is no such job');
    const now = this.clock.now();
    const { to = now } = asked;
    const { from = to - DAY_MS } = asked;
    if (to > now) throw refuseBody([{ pointer: '/to', code: 'out_of_range', detail: 'is in the future' }]);
    if (from > to)
      throw refuseBody([{ pointer: '/from', code: 'out_of_range', detail: 'is after the end of the span' }]);
    return this.audit(projectId, job, from, to);
  }

  /** From before the job was made, or before runs are kept, nothing is asked. */
  async audit(
    projectId: string,
    job: { readonly id: string; readonly createdAt: Instant },
    asked: Instant,
    to: Instant,
  ): Promise<LedgerAudit> {
    const now = this.clock.now();
    const from = Math.min(to, Math.max(asked, job.createdAt, now - this.config.runRetentionMs + DAY_MS));
    const revisions = await this.revisions.inSpan(projectId, job.id, from, to, MAX_REVISIONS);
    const lastKnown = revisions.length === MAX_REVISIONS ? (revisions.at(-1)?.at ?? to) : to;
    const expected = expectedOccurrences(job, revisions, { from, to: Math.min(to, lastKnown), limit: MAX_OCCURRENCES });
    const runs = await this.runs.audited(projectId, job.id, from, expected.upTo, 2 * MAX_OCCURRENCES);
    const findings = compareWithLedger(expected, runs, now - PLANNED_WITHIN_MS);
    return { from, to: expected.upTo, truncated: expected.upTo < to, ...findings };
  }
}
