import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AuditLogRepository } from '../persistence/audit-log.repository.js';
import { Needs } from '../platform/access-rules.js';
import { CheckedRequests, LINK } from '../platform/contract/operations.js';
import { pageById } from '../platform/contract/id-pages.js';
import { linkNext } from '../platform/contract/page.js';
import type { HttpReply, HttpRequest, Page } from '../platform/contract/page.js';
import { ApiProblems } from '../platform/openapi/api-problems.js';
import { ProjectId } from '../platform/project.js';
import { AuditPage, AuditQuery, viewOfEntry } from './audit.schemas.js';
import type { AuditEntryView } from './audit.schemas.js';

@ApiTags('audit')
@CheckedRequests()
@Needs('admin')
@Controller('audit-log')
export class AuditLogController {
  constructor(private readonly entries: AuditLogRepository) {}

  @Get()
  @ApiOperation({
    operationId: 'listAuditLog',
    summary: 'Who did what',
    description:
      'Every change that was made over this API to jobs, runs, keys, secrets and the project itself, with who made it, from where, and what it was before; newest first, by pages. Kept for AUDIT_RETENTION (365 days unless the operator says otherwise).',
  })
  @ApiOkResponse({ standardSchema: AuditPage, description: 'A page of entries', headers: LINK })
  @ApiProblems('invalid_parameter')
  async list(
    @ProjectId() projectId: string,
    @Query({ schema: AuditQuery }) query: AuditQuery,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<Page<AuditEntryView>> {
    const { thingId = null, actorId = null, from = null, to = null } = query;
    const filter = { thingId, actorId, from, to };
    const page = await pageById(query, ['audit-log', projectId, filter], (afterId, limit) =>
      this.entries.page(projectId, filter, afterId, limit),
    );
    linkNext(request, reply, page);
    return { data: page.data.map(viewOfEntry), page: page.page };
  }
}
