import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { z } from 'zod';
import { Problem } from '../../domain/errors.js';
import { Public } from '../access-rules.js';
import { CheckedRequests } from '../contract/operations.js';
import { ApiProblems } from '../openapi/api-problems.js';
import { HealthService } from './health.service.js';

const Health = z.object({ status: z.literal('ok') }).meta({ id: 'Health', example: { status: 'ok' } });
const Readiness = z
  .object({
    status: z.literal('ok'),
    degraded: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('What does not work as it should, though requests are served; absent when all is well.'),
  })
  .meta({ id: 'Readiness', example: { status: 'ok' } });
const OK: z.infer<typeof Health> = { status: 'ok' };
const RETRY_SECONDS = 1;

@ApiTags('operations')
@CheckedRequests()
@SkipThrottle()
@Public()
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('live')
  @ApiOperation({
    operationId: 'getLiveness',
    summary: 'Is the process alive?',
    description:
      'Answers as long as the event loop turns. It asks nothing of Postgres or Redis: restarting cures neither.',
  })
  @ApiOkResponse({ standardSchema: Health, description: 'Alive' })
  @ApiProblems('invalid_parameter')
  live(): z.infer<typeof Health> {
    return OK;
  }

  @Get('ready')
  @ApiOperation({
    operationId: 'getReadiness',
    summary: 'May traffic come here?',
    description:
      'True while the service is up, not stopping, and Postgres answers within a second. Without Redis it is ready too, ' +
      'and says that it is degraded.',
  })
  @ApiOkResponse({ standardSchema: Readiness, description: 'Ready' })
  @ApiProblems('invalid_parameter', 'unavailable')
  async ready(): Promise<z.infer<typeof Readiness>> {
    unless(await this.health.whyNotReady());
    const degraded = this.health.degraded();
    return degraded.length === 0 ? OK : { ...OK, degraded: [...degraded] };
  }

  @Get('startup')
  @ApiOperation({
    operationId: 'getStartup',
    summary: 'Has the service started?',
    description: 'Until it has, a restart for want of liveness would only begin the start anew.',
  })
  @ApiOkResponse({ standardSchema: Health, description: 'Started' })
  @ApiProblems('invalid_parameter', 'unavailable')
  startup(): z.infer<typeof Health> {
    return unless(this.health.whyNotStarted());
  }
}

function unless(reason: string | null): z.infer<typeof Health> {
  if (reason !== null) throw new Problem('unavailable', reason, [], RETRY_SECONDS);
  return OK;
}
