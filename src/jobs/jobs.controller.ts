import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query, Req, Res } from '@nestjs/common';
import {
  ApiConsumes,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiNotModifiedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { ApiIdParam, CheckedRequests, LINK, LOCATION } from '../platform/contract/operations.js';
import {
  ApiIfMatch,
  ApiIfMatchOrNone,
  ApiIfNoneMatch,
  ETAG,
  RequestPreconditions,
} from '../platform/contract/preconditions.js';
import { isKnown } from '../domain/preconditions.js';
import type { Preconditions } from '../domain/preconditions.js';
import { answerText, linkNext } from '../platform/contract/page.js';
import type { HttpReply, HttpRequest } from '../platform/contract/page.js';
import { ApiProblems } from '../platform/openapi/api-problems.js';
import { ProjectId } from '../platform/project.js';
import {
  ChangedJobView,
  JobInput,
  JobListQuery,
  JobPage,
  JobPatch,
  JobPatchQuery,
  JobView,
  Name,
  NamedJobInput,
} from './job.schemas.js';
import { viewOfTried } from './job-dry-run.js';
import { JobReads } from './job-reads.js';
import { answerJob } from './job-answer.js';
import { viewOfJob } from './job-view.js';
import { JobsService } from './jobs.service.js';

@ApiTags('jobs')
@CheckedRequests()
@Controller('jobs')
export class JobsController {
  constructor(
    private readonly jobs: JobsService,
    private readonly reads: JobReads,
  ) {}

  @Post()
  @ApiOperation({
    operationId: 'createJob',
    summary: 'Create a job',
    description: 'Active at once: its first occurrence is the first one after this request.',
  })
  @ApiCreatedResponse({ standardSchema: JobView, description: 'Created', headers: { ...LOCATION, ...ETAG } })
  @ApiProblems(
    'malformed_json',
    'invalid_parameter',
    'name_taken',
    'body_too_large',
    'unsupported_media_type',
    'invalid',
    'quota_exceeded',
    'schedule_never_fires',
  )
  async create(
    @ProjectId() projectId: string,
    @Body({ schema: JobInput }) input: JobInput,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<JobView> {
    const job = await this.jobs.create(projectId, input);
    reply.header('location', `/jobs/${job.id}`);
    return answerJob(job, reply);
  }

  @Get()
  @ApiOperation({
    operationId: 'listJobs',
    summary: 'List jobs',
    description: 'By pages: each names the cursor of the next. Filters are joined by "and".',
  })
  @ApiOkResponse({ standardSchema: JobPage, description: 'A page of jobs', headers: LINK })
  @ApiProblems('invalid_parameter')
  async list(
    @ProjectId() projectId: string,
    @Query({ schema: JobListQuery }) query: JobListQuery,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<string> {
    const page = await this.reads.list(projectId, query);
    linkNext(request, reply, page);
    const data = page.data.map(({ body }) => body);
    return answerText(`{"data":[${data.join()}],"page":${JSON.stringify(page.page)}}`, reply);
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getJob', summary: 'Read a job', description: 'As it is now; secrets are masked.' })
  @ApiIdParam('job')
  @ApiIfNoneMatch()
  @ApiOkResponse({ standardSchema: JobView, description: 'The job', headers: ETAG })
  @ApiNotModifiedResponse({ description: 'Still as a tag of `If-None-Match` has it', headers: ETAG })
  @ApiProblems('invalid_parameter', 'not_found')
  async get(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @RequestPreconditions() { ifNoneMatch }: Preconditions,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<string | undefined> {
    const { tag, body } = await this.reads.get(projectId, id);
    reply.header('etag', `"${tag}"`);
    if (!isKnown(ifNoneMatch, tag)) return answerText(body, reply);
    reply.status(304);
    return undefined;
  }

  @Patch(':id')
  @ApiConsumes('application/merge-patch+json', 'application/json')
  @ApiOperation({
    operationId: 'updateJob',
    summary: 'Change a job',
    description:
      'A JSON merge patch. Once another schedule is acknowledged only that one fires: what was due before is planned first, and a completed job is active again. `dryRun=true` says what would become of its next occurrences, and what the switch would double or drop.',
  })
  @ApiIdParam('job')
  @ApiIfMatch()
  @ApiOkResponse({ standardSchema: ChangedJobView, description: 'The job as it is now, or would be', headers: ETAG })
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
  async update(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Query({ schema: JobPatchQuery }) { dryRun }: JobPatchQuery,
    @Body({ schema: JobPatch }) patch: Record<string, unknown>,
    @RequestPreconditions() conditions: Preconditions,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ChangedJobView> {
    if (!dryRun) return answerJob(await this.jobs.patch(projectId, id, patch, conditions), reply);
    const tried = await this.jobs.tryPatch(projectId, id, patch, conditions);
    // Its version is not there: no tag of it may be kept.
    return { ...viewOfJob(tried.after), dryRun: viewOfTried(tried) };
  }

  @Put('by-name/:name')
  @ApiOperation({
    operationId: 'putJobByName',
    summary: 'Create or replace a job by its name',
    description: 'For declarative use: putting the same again changes nothing. An interval keeps its anchor.',
  })
  @ApiParam({ name: 'name', description: 'Name of the job', schema: { type: 'string', minLength: 1, maxLength: 200 } })
  @ApiIfMatchOrNone()
  @ApiOkResponse({ standardSchema: JobView, description: 'Replaced, or the same already', headers: ETAG })
  @ApiCreatedResponse({ standardSchema: JobView, description: 'Created', headers: { ...LOCATION, ...ETAG } })
  @ApiProblems(
    'malformed_json',
    'invalid_parameter',
    'precondition_failed',
    'body_too_large',
    'unsupported_media_type',
    'invalid',
    'quota_exceeded',
    'schedule_never_fires',
  )
  async put(
    @ProjectId() projectId: string,
    @Param('name', { schema: Name }) name: string,
    @Body({ schema: NamedJobInput }) input: NamedJobInput,
    @RequestPreconditions() conditions: Preconditions,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<JobView> {
    const { job, created } = await this.jobs.putNamed(projectId, name, input, conditions);
    if (created) {
      reply.status(201);
      reply.header('location', `/jobs/${job.id}`);
    }
    return answerJob(job, reply);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteJob',
    summary: 'Delete a job',
    description: 'Its waiting runs are cancelled; a call under way goes on to its end. The runs stay in the ledger.',
  })
  @ApiIdParam('job')
  @ApiIfMatch()
  @ApiNoContentResponse({ description: 'Deleted' })
  @ApiProblems('invalid_parameter', 'not_found', 'precondition_failed')
  async delete(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @RequestPreconditions() conditions: Preconditions,
  ): Promise<void> {
    await this.jobs.delete(projectId, id, conditions);
  }
}
