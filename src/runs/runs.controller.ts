import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiIdParam, CheckedRequests, LINK, LOCATION } from '../platform/contract/operations.js';
import { linkNext } from '../platform/contract/page.js';
import type { HttpReply, HttpRequest, Page } from '../platform/contract/page.js';
import { NoContent } from '../platform/contract/values.schema.js';
import { ApiProblems } from '../platform/openapi/api-problems.js';
import { ProjectId } from '../platform/project.js';
import { RunPageView, RunsQuery, RunView } from './run.schemas.js';
import type { RunSummary } from './run.schemas.js';
import { RunStartsService } from './run-starts.service.js';
import { summaryOfRun, viewOfRun } from './run-view.js';
import { RunsService } from './runs.service.js';

@ApiTags('runs')
@CheckedRequests()
@Controller('runs')
export class RunsController {
  constructor(
    private readonly runs: RunsService,
    private readonly starts: RunStartsService,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'listRuns',
    summary: 'List runs',
    description: 'The ledger of all jobs, newest first, by pages.',
  })
  @ApiOkResponse({ standardSchema: RunPageView, description: 'A page of runs', headers: LINK })
  @ApiProblems('invalid_parameter')
  async list(
    @ProjectId() projectId: string,
    @Query({ schema: RunsQuery }) query: RunsQuery,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<Page<RunSummary>> {
    const page = await this.runs.list(projectId, query);
    linkNext(request, reply, page);
    return { data: page.data.map(summaryOfRun), page: page.page };
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getRun', summary: 'Read a run', description: 'With each of its attempts.' })
  @ApiIdParam('run')
  @ApiOkResponse({ standardSchema: RunView, description: 'The run' })
  @ApiProblems('invalid_parameter', 'not_found')
  async get(@ProjectId() projectId: string, @Param('id') id: string): Promise<RunView> {
    return viewOfRun(await this.runs.get(projectId, id));
  }

  @Post(':id/cancel')
  @HttpCode(202)
  @ApiOperation({
    operationId: 'cancelRun',
    summary: 'Cancel a run',
    description: 'One that waits never starts; a call under way is aborted, its attempt is recorded a moment later.',
  })
  @ApiIdParam('run')
  @ApiAcceptedResponse({ standardSchema: RunView, description: 'The cancelled run' })
  @ApiProblems('malformed_json', 'invalid_parameter', 'not_found', 'wrong_state', 'unsupported_media_type', 'invalid')
  async cancel(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Body({ schema: NoContent }) _nothing: unknown,
  ): Promise<RunView> {
    return viewOfRun(await this.runs.cancel(projectId, id));
  }

  @Post(':id/replay')
  @HttpCode(202)
  @ApiOperation({
    operationId: 'replayRun',
    summary: 'Replay a run',
    description: 'A new run of the job as it is now, with the body that the ended one was given.',
  })
  @ApiIdParam('run')
  @ApiAcceptedResponse({ standardSchema: RunView, description: 'The new run', headers: LOCATION })
  @ApiProblems('malformed_json', 'invalid_parameter', 'not_found', 'wrong_state', 'unsupported_media_type', 'invalid')
  async replay(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Body({ schema: NoContent }) _nothing: unknown,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<RunView> {
    const run = await this.starts.replay(projectId, id);
    reply.header('location', `/runs/${run.id}`);
    return viewOfRun(run);
  }
}
