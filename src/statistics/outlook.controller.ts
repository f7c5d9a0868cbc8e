import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CheckedRequests, LINK } from '../platform/contract/operations.js';
import { linkNext } from '../platform/contract/page.js';
import type { HttpReply, HttpRequest } from '../platform/contract/page.js';
import { ApiProblems } from '../platform/openapi/api-problems.js';
import { ProjectId } from '../platform/project.js';
import { AttentionService } from './attention.service.js';
import { ForecastsService } from './forecasts.service.js';
import { AttentionView, ForecastQuery, ForecastView, TargetsView } from './outlook.schemas.js';
import { TimelineQuery, TimelineView } from './timeline.schemas.js';
import { TimelineService } from './timeline.service.js';

@ApiTags('statistics')
@CheckedRequests()
@Controller()
export class OutlookController {
  constructor(
    private readonly timelines: TimelineService,
    private readonly forecasts: ForecastsService,
    private readonly attention: AttentionService,
  ) {}

  @Get('timeline')
  @ApiOperation({
    operationId: 'getTimeline',
    summary: 'Draw jobs on a time axis',
    description:
      'A lane for each job: its runs, or how many there were where they are too many to draw, what is still to come, with what was decided of single occurrences, its pauses and the clock changes of its zone. By default from an hour ago to an hour ahead.',
  })
  @ApiOkResponse({ standardSchema: TimelineView, description: 'A page of lanes', headers: LINK })
  @ApiProblems('invalid_parameter')
  async timeline(
    @ProjectId() projectId: string,
    @Query({ schema: TimelineQuery }) query: TimelineQuery,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<TimelineView> {
    const view = await this.timelines.read(projectId, query);
    linkNext(request, reply, { data: view.lanes, page: view.page });
    return view;
  }

  @Get('forecast')
  @ApiOperation({
    operationId: 'getForecast',
    summary: 'Forecast the load',
    description:
      'How often the schedules of all active jobs will fire, by minute or hour, and which minutes are crowded; an occurrence that was moved counts where it is due, one to be skipped nowhere. `maxRuns` makes no difference to it.',
  })
  @ApiOkResponse({ standardSchema: ForecastView, description: 'The forecast' })
  @ApiProblems('invalid_parameter')
  forecast(
    @ProjectId() projectId: string,
    @Query({ schema: ForecastQuery }) query: ForecastQuery,
  ): Promise<ForecastView> {
    return this.forecasts.read(projectId, query);
  }

  @Get('targets')
  @ApiOperation({
    operationId: 'listTargets',
    summary: 'Read how targets do',
    description: 'By host, over the last hour: what was called there, how it ended and how long it took.',
  })
  @ApiOkResponse({ standardSchema: TargetsView, description: 'The hosts' })
  @ApiProblems('invalid_parameter')
  targets(@ProjectId() projectId: string): Promise<TargetsView> {
    return this.attention.targets(projectId);
  }

  @Get('attention')
  @ApiOperation({
    operationId: 'getAttention',
    summary: 'Read what needs somebody',
    description:
      'One sentence that says whether everything is on time, and what somebody should look at: jobs and hosts that fail, what is overdue, parked or crowded, what audits found in the ledger, and what this replica can not do as it should (`degraded`).',
  })
  @ApiOkResponse({ standardSchema: AttentionView, description: 'The sentence and the items' })
  @ApiProblems('invalid_parameter')
  read(@ProjectId() projectId: string): Promise<AttentionView> {
    return this.attention.read(projectId);
  }
}
