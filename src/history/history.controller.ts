import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { formatInstant } from '../domain/recurrence/instants.js';
import { Needs } from '../platform/access-rules.js';
import { ApiIdParam, CheckedRequests } from '../platform/contract/operations.js';
import { ApiProblems } from '../platform/openapi/api-problems.js';
import { ProjectId } from '../platform/project.js';
import { Costs } from '../platform/request-cost.js';
import { ExplanationsService } from './explanations.service.js';
import { AuditInput, AuditView, ExplainQuery, ExplanationView } from './history.schemas.js';
import { LedgerAuditsService } from './ledger-audits.service.js';
import type { LedgerAudit } from './ledger-audits.service.js';

/** Thousands of occurrences are worked out, however few runs there are. */
const AUDIT_COST = { of: 'occurrences', each: 500 };

@ApiTags('runs')
@CheckedRequests()
@Controller('jobs/:id')
export class HistoryController {
  constructor(
    private readonly explanations: ExplanationsService,
    private readonly audits: LedgerAuditsService,
  ) {}

  @Get('explain')
  @ApiOperation({
    operationId: 'explainInstant',
    summary: 'Why a job ran, or did not',
    description:
      'For any instant, past or to come: whether the job did, did not or will run then, and why, by the ledger and by the version of the job that was in force.',
  })
  @ApiIdParam('job')
  @ApiOkResponse({ standardSchema: ExplanationView, description: 'What happened, or will' })
  @ApiProblems('invalid_parameter', 'not_found')
  explain(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Query({ schema: ExplainQuery }) { at }: ExplainQuery,
  ): Promise<ExplanationView> {
    return this.explanations.explain(projectId, id, at);
  }

  @Post('audit')
  @HttpCode(200)
  @Needs('viewer')
  @Costs(AUDIT_COST, () => AUDIT_COST.each * 10)
  @ApiOperation({
    operationId: 'auditLedger',
    summary: 'Check the ledger of a job',
    description:
      'Works out from the versions of the job what should be in its ledger, and compares: what is missing, doubled, early or unexpected. The service does so by itself too, and counts what it finds (`carillon_audit_findings_total`); zero is what it promises. What either finds is told in `GET /attention` until an audit of those instants finds it no more.',
  })
  @ApiIdParam('job')
  @ApiOkResponse({ standardSchema: AuditView, description: 'What was found' })
  @ApiProblems('malformed_json', 'invalid_parameter', 'not_found', 'unsupported_media_type', 'invalid')
  async audit(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Body({ schema: AuditInput }) input: AuditInput,
  ): Promise<AuditView> {
    return viewOfAudit(await this.audits.auditAsked(projectId, id, input ?? {}));
  }
}

function viewOfAudit({ missing, doubled, early, unexpected, ...audit }: LedgerAudit): AuditView {
  const told = <Found extends { readonly scheduledFor: number }>(found: readonly Found[]) =>
    found.map((one) => ({ ...one, scheduledFor: formatInstant(one.scheduledFor) }));
  return {
    from: formatInstant(audit.from),
    to: formatInstant(audit.to),
    truncated: audit.truncated,
    expected: audit.expected,
    found: audit.found,
    missing: told(missing),
    doubled: told(doubled).map((one) => ({ ...one, runIds: [...one.runIds] })),
    early: told(early),
    unexpected: told(unexpected),
  };
}
