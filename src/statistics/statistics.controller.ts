import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CheckedRequests } from '../platform/contract/operations.js';
import { ApiProblems } from '../platform/openapi/api-problems.js';
import { ProjectId } from '../platform/project.js';
import { StatisticsQuery, StatisticsView, StripsQuery, StripsView } from './statistics.schemas.js';
import { StatisticsService } from './statistics.service.js';

@ApiTags('statistics')
@CheckedRequests()
@Controller()
export class StatisticsController {
  constructor(private readonly statistics: StatisticsService) {}

  @Get('statistics')
  @ApiOperation({
    operationId: 'getStatistics',
    summary: 'Count runs by time',
    description:
      'Runs by state, lateness and duration, as a whole and in buckets, by the instants that they were scheduled for; of all jobs or of one. By default the last 24 hours.',
  })
  @ApiOkResponse({ standardSchema: StatisticsView, description: 'The counts' })
  @ApiProblems('invalid_parameter', 'not_found')
  read(
    @ProjectId() projectId: string,
    @Query({ schema: StatisticsQuery }) query: StatisticsQuery,
  ): Promise<StatisticsView> {
    return this.statistics.read(projectId, query);
  }

  @Get('jobs/strips')
  @ApiOperation({
    operationId: 'listRunStrips',
    summary: 'Read the last runs of several jobs',
    description: 'As they are drawn beside each job of a list. In the order in which the jobs are asked for.',
  })
  @ApiOkResponse({ standardSchema: StripsView, description: 'The last runs of each job' })
  @ApiProblems('invalid_parameter')
  strips(@ProjectId() projectId: string, @Query({ schema: StripsQuery }) query: StripsQuery): Promise<StripsView> {
    return this.statistics.readStrips(projectId, query);
  }
}
