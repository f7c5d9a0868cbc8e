import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Needs } from '../platform/access-rules.js';
import { ApiIdParam, CheckedRequests } from '../platform/contract/operations.js';
import { countParameter } from '../platform/contract/page.js';
import { JobPreviewView, PreviewView, ScheduleInput } from '../platform/contract/schedule.schema.js';
import { InstantInput } from '../platform/contract/values.schema.js';
import { ApiProblems } from '../platform/openapi/api-problems.js';
import { ProjectId } from '../platform/project.js';
import { Costs, memberOf } from '../platform/request-cost.js';
import { SchedulesService } from './schedules.service.js';

const MAX_COUNT = 1_000;
const DEFAULT_COUNT = 10;

const COST = { of: 'occurrences', each: 100 };

const PreviewInput = z
  .strictObject({
    schedule: ScheduleInput,
    from: InstantInput.optional().meta({ description: 'Exclusive; default now' }),
    count: z.int().min(1).max(MAX_COUNT).default(DEFAULT_COUNT).meta({ description: 'At most so many' }),
    until: InstantInput.optional().meta({ description: 'Inclusive' }),
  })
  .meta({ id: 'PreviewInput', example: { schedule: '0 9 * * MON-FRI', count: 3 } });

const OccurrencesQuery = z.strictObject({
  count: countParameter(1, MAX_COUNT, DEFAULT_COUNT).meta({ description: 'At most so many' }),
  from: InstantInput.optional().meta({ description: 'Exclusive; default now' }),
});

type View = z.infer<typeof PreviewView>;

@ApiTags('schedules')
@CheckedRequests()
@Controller()
export class SchedulesController {
  constructor(private readonly schedules: SchedulesService) {}

  @Post('schedules/preview')
  @Needs('viewer')
  @Costs(COST, ({ body }) => memberOf(body, 'count'))
  @HttpCode(200)
  @ApiOperation({
    operationId: 'previewSchedule',
    summary: 'Preview a schedule',
    description: 'What it will do, in words and in due times, before a job is made of it.',
  })
  @ApiOkResponse({ standardSchema: PreviewView, description: 'The schedule and its occurrences' })
  @ApiProblems(
    'malformed_json',
    'invalid_parameter',
    'body_too_large',
    'unsupported_media_type',
    'invalid',
    'schedule_never_fires',
  )
  preview(
    @ProjectId() projectId: string,
    @Body({ schema: PreviewInput }) input: z.infer<typeof PreviewInput>,
  ): Promise<View> {
    return this.schedules.preview(projectId, input);
  }

  @Get('jobs/:id/occurrences')
  @Costs(COST, ({ query }) => memberOf(query, 'count'))
  @ApiOperation({
    operationId: 'listOccurrences',
    summary: 'Preview the occurrences of a job',
    description:
      'What it will do, as if it were active, in the order of due times: its schedule, and single occurrences that were edited, those to be skipped too. None are left once the schedule is at its end.',
  })
  @ApiIdParam('job')
  @ApiOkResponse({ standardSchema: JobPreviewView, description: 'The schedule and its occurrences' })
  @ApiProblems('invalid_parameter', 'not_found')
  occurrences(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Query({ schema: OccurrencesQuery }) { count, from }: z.infer<typeof OccurrencesQuery>,
  ): Promise<z.infer<typeof JobPreviewView>> {
    return this.schedules.occurrences(projectId, id, count, from);
  }
}
