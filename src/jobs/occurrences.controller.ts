import { applyDecorators, Body, Controller, Delete, HttpCode, Param, Put, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Preconditions } from '../domain/preconditions.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { ApiIdParam, CheckedRequests } from '../platform/contract/operations.js';
import type { HttpReply } from '../platform/contract/page.js';
import { ApiIfMatch, RequestPreconditions } from '../platform/contract/preconditions.js';
import { OccurrenceView, viewOfOccurrence } from '../platform/contract/schedule.schema.js';
import { InstantInput } from '../platform/contract/values.schema.js';
import { ApiProblems } from '../platform/openapi/api-problems.js';
import { ProjectId } from '../platform/project.js';
import { answerJob } from './job-answer.js';
import { OccurrenceEditInput } from './occurrence.schemas.js';
import { OccurrencesService } from './occurrences.service.js';

const ETAG_OF_JOB = {
  etag: { description: 'That of the job, for the next `If-Match`', schema: { type: 'string' } },
} as const;

function ApiOccurrence(): MethodDecorator {
  return applyDecorators(
    ApiIdParam('job'),
    ApiParam({
      name: 'scheduledFor',
      description: "The occurrence's own instant, also once it was moved",
      example: '2026-03-03T09:00:00Z',
      schema: { type: 'string', format: 'date-time' },
    }),
    ApiIfMatch(),
  );
}

@ApiTags('jobs')
@CheckedRequests()
@Controller('jobs/:id/occurrences')
export class OccurrencesController {
  constructor(private readonly occurrences: OccurrencesService) {}

  @Put(':scheduledFor')
  @ApiOperation({
    operationId: 'editOccurrence',
    summary: 'Edit one occurrence of a job',
    description:
      'Leaves a single occurrence to come out, moves it to another instant, or gives it another body, and takes the place of what was decided of it before. It stays one occurrence: its run keeps `scheduledFor`. An edit counts as long as the schedule has the occurrence.',
  })
  @ApiOccurrence()
  @ApiOkResponse({ standardSchema: OccurrenceView, description: 'The occurrence as it will be', headers: ETAG_OF_JOB })
  @ApiProblems(
    'malformed_json',
    'invalid_parameter',
    'not_found',
    'wrong_state',
    'precondition_failed',
    'body_too_large',
    'unsupported_media_type',
    'invalid',
  )
  async edit(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Param('scheduledFor', { schema: InstantInput }) scheduledFor: Instant,
    @Body({ schema: OccurrenceEditInput }) input: OccurrenceEditInput,
    @RequestPreconditions() conditions: Preconditions,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<OccurrenceView> {
    const { job, occurrence } = await this.occurrences.edit(projectId, id, scheduledFor, input, conditions);
    answerJob(job, reply);
    return viewOfOccurrence(occurrence);
  }

  @Delete(':scheduledFor')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'restoreOccurrence',
    summary: 'Take back an edit of an occurrence',
    description: 'It is again as the schedule has it: as long as it is to come, and its own instant too.',
  })
  @ApiOccurrence()
  @ApiNoContentResponse({ description: 'As the schedule has it', headers: ETAG_OF_JOB })
  @ApiProblems('invalid_parameter', 'not_found', 'wrong_state', 'precondition_failed', 'invalid')
  async restore(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Param('scheduledFor', { schema: InstantInput }) scheduledFor: Instant,
    @RequestPreconditions() conditions: Preconditions,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<void> {
    answerJob(await this.occurrences.restore(projectId, id, scheduledFor, conditions), reply);
  }
}
