import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { Preconditions } from '../domain/preconditions.js';
import { JobRevisionsRepository } from '../persistence/job-revisions.repository.js';
import { ApiIdParam, CheckedRequests, LINK } from '../platform/contract/operations.js';
import { decodeCursor, encodeCursor, linkNext, pageParameters } from '../platform/contract/page.js';
import type { HttpReply, HttpRequest, Page } from '../platform/contract/page.js';
import { ApiIfMatch, ETAG, RequestPreconditions } from '../platform/contract/preconditions.js';
import { isUuid } from '../platform/contract/values.schema.js';
import { ApiProblems } from '../platform/openapi/api-problems.js';
import { ProjectId } from '../platform/project.js';
import { answerJob } from './job-answer.js';
import { noSuchJob } from './job-changes.js';
import { RevertInput, RevisionPage, viewOfRevision } from './job-revision.schemas.js';
import type { RevisionView } from './job-revision.schemas.js';
import { JobView } from './job.schemas.js';
import { JobsService } from './jobs.service.js';

const PageQuery = z.strictObject(pageParameters);
type PageQuery = z.infer<typeof PageQuery>;

const Position = z.tuple([z.int().min(1)]);

@ApiTags('jobs')
@CheckedRequests()
@Controller('jobs/:id')
export class JobRevisionsController {
  constructor(
    private readonly revisions: JobRevisionsRepository,
    private readonly jobs: JobsService,
  ) {}

  @Get('revisions')
  @ApiOperation({
    operationId: 'listJobRevisions',
    summary: 'List the versions of a job',
    description:
      'How it was in each, who made it and what that changed; newest first, by pages. A run names the version that planned it. Kept for AUDIT_RETENTION after another took its place.',
  })
  @ApiIdParam('job')
  @ApiOkResponse({ standardSchema: RevisionPage, description: 'A page of versions', headers: LINK })
  @ApiProblems('invalid_parameter', 'not_found')
  async list(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Query({ schema: PageQuery }) query: PageQuery,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<Page<RevisionView>> {
    const page = await this.page(projectId, id, query);
    linkNext(request, reply, page);
    return page;
  }

  @Post('revert')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'revertJob',
    summary: 'Set a job as it was',
    description:
      'Makes a new version with the settings of an earlier one; whether the job is paused stays. Secrets are not kept with versions: those of today stay where they may, and are asked for otherwise.',
  })
  @ApiIdParam('job')
  @ApiIfMatch()
  @ApiOkResponse({ standardSchema: JobView, description: 'The job as it is now', headers: ETAG })
  @ApiProblems(
    'malformed_json',
    'invalid_parameter',
    'not_found',
    'name_taken',
    'precondition_failed',
    'body_too_large',
    'unsupported_media_type',
    'invalid',
    'quota_exceeded',
    'schedule_never_fires',
  )
  async revert(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Body({ schema: RevertInput }) { version }: RevertInput,
    @RequestPreconditions() conditions: Preconditions,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<JobView> {
    return answerJob(await this.jobs.revert(projectId, id, version, conditions), reply);
  }

  private async page(projectId: string, id: string, { cursor, limit }: PageQuery): Promise<Page<RevisionView>> {
    if (!isUuid(id)) noSuchJob();
    const scope = ['revisions', projectId, id.toLowerCase()];
    const [before] = cursor === undefined ? [null] : decodeCursor(cursor, scope, Position);
    const found = await this.revisions.page(projectId, id, before, limit + 1);
    // Every job has the version that it is in; on pages after the first there may be none left.
    if (found.length === 0 && before === null) noSuchJob();
    const data = found.slice(0, limit);
    const last = found.length > limit ? data.at(-1) : undefined;
    const nextCursor = last === undefined ? null : encodeCursor(scope, [last.revision.version]);
    return { data: data.map(viewOfRevision), page: { nextCursor } };
  }
}
