import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CheckedRequests } from '../../platform/contract/operations.js';
import { ApiProblems } from '../../platform/openapi/api-problems.js';
import { ProjectId } from '../../platform/project.js';
import { CostsAlways } from '../../platform/request-cost.js';
import { Cancellation } from '../targets/cancellation.js';
import { TargetTestInput, TargetTestView } from './target-tests.schemas.js';
import { TargetTestsService } from './target-tests.service.js';

@ApiTags('jobs')
@CheckedRequests()
@Controller('targets/test')
export class TargetTestsController {
  constructor(private readonly tests: TargetTestsService) {}

  @Post()
  @HttpCode(200)
  @CostsAlways(10)
  @ApiOperation({
    operationId: 'testTarget',
    summary: 'Try a target out',
    description:
      'Calls it once as a run would, signed and with its secrets, within 15 seconds, and tells what came of it. It is no run: ' +
      'the header `carillon-test` says so, and the ledger knows nothing of it.',
  })
  @ApiOkResponse({ standardSchema: TargetTestView, description: 'What came of the call' })
  @ApiProblems(
    'malformed_json',
    'invalid_parameter',
    'not_found',
    'body_too_large',
    'unsupported_media_type',
    'invalid',
    'rate_limited',
    'too_many_tests',
  )
  test(
    @ProjectId() projectId: string,
    @Body({ schema: TargetTestInput }) input: TargetTestInput,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TargetTestView> {
    const cancellation = new Cancellation();
    // Who asked is gone: nobody waits for the target any more.
    reply.raw.once('close', () => cancellation.request());
    return this.tests.test(projectId, input, cancellation);
  }
}
