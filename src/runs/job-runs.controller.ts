import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { Preconditions } from '../domain/preconditions.js';
import { ApiIdParam, CheckedRequests, LINK, LOCATION } from '../platform/contract/operations.js';
import { linkNext } from '../platform/contract/page.js';
import type { HttpReply, HttpRequest, Page } from '../platform/contract/page.js';
import { ApiIfMatch, RequestPreconditions } from '../platform/contract/preconditions.js';
import { ApiProblems } from '../platform/openapi/api-problems.js';
import { ProjectId } from '../platform/project.js';
import { Costs, memberOf } from '../platform/request-cost.js';
import { BackfillService } from './backfill.service.js';
import { BackfillInput, BackfillView, JobRunsQuery, RunPageView, RunView, TriggerInput } from './run.schemas.js';
import type { RunSummary } from './run.schemas.js';
import { RunStartsService } from './run-starts.service.js';
import { summaryOfRun, viewOfRun } from './run-view.js';
import { RunsService } from './runs.service.js';

@ApiTags('runs')
@CheckedRequests()
@Controller('jobs/:id')
export class JobRunsController {
  constructor(
    private readonly runs: RunsService,
    private readonly starts: RunStartsService,
    private readonly backfills: BackfillService,
  ) {}

  @Get('runs')
  @ApiOperation({
    operationId: 'listJobRuns',
    summary: 'List runs of a job',
    description: 'Its ledger, newest first, by pages.',
  })
  @ApiIdParam('job')
  @ApiOkResponse({ standardSchema: RunPageView, description: 'A page of runs', headers: LINK })
  @ApiProblems('invalid_parameter', 'not_found')
  async list(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Query({ schema: JobRunsQuery }) query: JobRunsQuery,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<Page<RunSummary>> {
    const page = await this.runs.listOfJob(projectId, id, query);
    linkNext(request, reply, page);
    return { data: page.data.map(summaryOfRun), page: page.page };
  }

  @Post('trigger')
  @HttpCode(202)
  @ApiOperation({
    operationId: 'triggerJob',
    summary: 'Run a job now',
    description: 'Beside its schedule and in any state, by its overlap policy: the run may be born held or skipped.',
  })
  @ApiIdParam('job')
  @ApiIfMatch()
  @ApiAcceptedResponse({ standardSchema: RunView, description: 'The new run', headers: LOCATION })
  @ApiProblems(
    'malformed_json',
    'invalid_parameter',
    'not_found',
    'precondition_failed',
    'body_too_large',
    'unsupported_media_type',
    'invalid',
  )
  async trigger(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Body({ schema: TriggerInput }) input: z.infer<typeof TriggerInput>,
    @RequestPreconditions() conditions: Preconditions,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<RunView> {
    const run = await this.starts.trigger(projectId, id, input?.body, conditions);
    reply.header('location', `/runs/${run.id}`);
    return viewOfRun(run);
  }

  @Post('backfill')
  @HttpCode(202)
  @Costs({ of: 'occurrences', each: 100 }, ({ body }) => memberOf(body, 'limit'))
  @ApiOperation({
    operationId: 'backfillJob',
    summary: 'Run past occurrences',
    description:
      'Occurrences of the schedule as it is now that have no run, the earliest first. Unless the overlap policy is allow they run one after the other.',
  })
  @ApiIdParam('job')
  @ApiAcceptedResponse({ standardSchema: BackfillView, description: 'What was planned, or would be' })
  @ApiProblems('malformed_json', 'invalid_parameter', 'not_found', 'wrong_state', 'unsupported_media_type', 'invalid')
  backfill(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Body({ schema: BackfillInput }) input: BackfillInput,
  ): Promise<BackfillView> {
    return this.backfills.backfill(projectId, id, input);
  }
}
