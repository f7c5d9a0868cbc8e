import { Injectable } from '@nestjs/common';
import { Problem } from '../domain/errors.js';
import { expectedOccurrences } from '../domain/expected-occurrences.js';
import { compareWithLedger, FINDING_KINDS, FINDINGS_KEPT } from '../domain/ledger-audit.js';
import type { AuditFindings } from '../domain/ledger-audit.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { AuditFindingsRepository } from '../persistence/audit-findings.repository.js';
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
const RECHECK_MS = 600_000;
const JOBS_RECHECKED = 20;

interface AuditedJob {
  readonly id: string;
  readonly createdAt: Instant;
}

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
    private readonly findings: AuditFindingsRepository,
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
    return this.auditAndKeep(projectId, job, from, to);
  }

  /** As `audit`; what was found is told (`GET /attention`) until an audit of the same instants finds it no more. */
  async auditAndKeep(projectId: string, job: AuditedJob, asked: Instant, to: Instant): Promise<LedgerAudit> {
    const audit = await this.audit(projectId, job, asked, to);
    await this.keep(job.id, audit);
    return audit;
  }

  /** As `auditAndKeep`, for many jobs: it writes where something was found, and leaves it to `recheck` to find that right again. */
  async check(projectId: string, job: AuditedJob, asked: Instant, to: Instant): Promise<LedgerAudit> {
    const audit = await this.audit(projectId, job, asked, to);
    if (FINDING_KINDS.some((kind) => audit[kind].length > 0)) await this.keep(job.id, audit);
    return audit;
  }

  /** Looks again at what was found, some jobs at a time, and forgets what lies too far back for that. */
  async recheck(): Promise<void> {
    const now = this.clock.now();
    await this.findings.trim(this.auditableFrom(now));
    for (const { projectId, from, to, ...job } of await this.findings.toRecheck(now - RECHECK_MS, JOBS_RECHECKED))
      await this.auditAndKeep(projectId, job, from, to);
  }

  /** From before the job was made, or before runs are kept, nothing is asked. */
  async audit(projectId: string, job: AuditedJob, asked: Instant, to: Instant): Promise<LedgerAudit> {
    const now = this.clock.now();
    const from = Math.min(to, Math.max(asked, job.createdAt, this.auditableFrom(now)));
    const revisions = await this.revisions.inSpan(projectId, job.id, from, to, MAX_REVISIONS);
    const lastKnown = revisions.length === MAX_REVISIONS ? (revisions.at(-1)?.at ?? to) : to;
    const expected = expectedOccurrences(job, revisions, { from, to: Math.min(to, lastKnown), limit: MAX_OCCURRENCES });
    const runs = await this.runs.audited(projectId, job.id, from, expected.upTo, 2 * MAX_OCCURRENCES);
    const findings = compareWithLedger(expected, runs, now - PLANNED_WITHIN_MS);
    return { from, to: expected.upTo, truncated: expected.upTo < to, ...findings };
  }

  private keep(jobId: string, audit: LedgerAudit): Promise<void> {
    const found = FINDING_KINDS.flatMap((kind) =>
      audit[kind].slice(0, FINDINGS_KEPT).map(({ scheduledFor }) => ({ kind, scheduledFor })),
    );
    return this.findings.keep(jobId, audit.from, audit.to, found, this.clock.now());
  }

  /** Of what was due before, runs may be gone. */
  private auditableFrom(now: Instant): Instant {
    return now - this.config.runRetentionMs + DAY_MS;
  }
}
