import { Body, Controller, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { Preconditions } from '../domain/preconditions.js';
import { ApiIdParam, CheckedRequests } from '../platform/contract/operations.js';
import type { HttpReply } from '../platform/contract/page.js';
import { ApiIfMatch, ETAG, RequestPreconditions } from '../platform/contract/preconditions.js';
import { NoContent } from '../platform/contract/values.schema.js';
import { ApiProblems } from '../platform/openapi/api-problems.js';
import { ProjectId } from '../platform/project.js';
import { JobActionsService } from './job-actions.service.js';
import { JobView, PauseInput } from './job.schemas.js';
import { answerJob } from './job-answer.js';

@ApiTags('jobs')
@CheckedRequests()
@Controller('jobs/:id')
export class JobActionsController {
  constructor(private readonly actions: JobActionsService) {}

  @Post('pause')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'pauseJob',
    summary: 'Pause a job',
    description:
      'Nothing that is due later than this runs by the schedule. Pausing a paused job changes its note and end.',
  })
  @ApiIdParam('job')
  @ApiIfMatch()
  @ApiOkResponse({ standardSchema: JobView, description: 'The paused job', headers: ETAG })
  @ApiProblems(
    'malformed_json',
    'invalid_parameter',
    'not_found',
    'wrong_state',
    'precondition_failed',
    'unsupported_media_type',
    'invalid',
  )
  async pause(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Body({ schema: PauseInput }) input: z.infer<typeof PauseInput>,
    @RequestPreconditions() conditions: Preconditions,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<JobView> {
    return answerJob(await this.actions.pause(projectId, id, input ?? {}, conditions), reply);
  }

  @Post('resume')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'resumeJob',
    summary: 'Resume a job',
    description: 'What it missed meanwhile goes by its misfire policy at once. An active job stays as it is.',
  })
  @ApiIdParam('job')
  @ApiIfMatch()
  @ApiOkResponse({ standardSchema: JobView, description: 'The active job', headers: ETAG })
  @ApiProblems(
    'malformed_json',
    'invalid_parameter',
    'not_found',
    'wrong_state',
    'precondition_failed',
    'unsupported_media_type',
    'invalid',
  )
  async resume(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Body({ schema: NoContent }) _nothing: unknown,
    @RequestPreconditions() conditions: Preconditions,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<JobView> {
    return answerJob(await this.actions.resume(projectId, id, conditions), reply);
  }

  @Post('skip-next')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'skipNextOccurrence',
    summary: 'Skip the next occurrence',
    description:
      'It is recorded as skipped at once, and the job goes on with the one after it. Each call skips one more.',
  })
  @ApiIdParam('job')
  @ApiIfMatch()
  @ApiOkResponse({ standardSchema: JobView, description: 'The job with its new next run', headers: ETAG })
  @ApiProblems(
    'malformed_json',
    'invalid_parameter',
    'not_found',
    'wrong_state',
    'precondition_failed',
    'unsupported_media_type',
    'invalid',
  )
  async skipNext(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Body({ schema: NoContent }) _nothing: unknown,
    @RequestPreconditions() conditions: Preconditions,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<JobView> {
    return answerJob(await this.actions.skipNext(projectId, id, conditions), reply);
  }
}
