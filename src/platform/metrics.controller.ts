import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { Public } from './access-rules.js';
import { Metrics } from './metrics.js';
import { CheckedRequests } from './contract/operations.js';
import { ApiProblems } from './openapi/api-problems.js';

@ApiTags('operations')
@CheckedRequests()
@SkipThrottle()
@Public()
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiOperation({
    operationId: 'getMetrics',
    summary: 'Read the metrics',
    description: 'Of this replica, in the Prometheus text format.',
  })
  @ApiProduces('text/plain')
  @ApiOkResponse({ description: 'The metrics of this replica', schema: { type: 'string' } })
  @ApiProblems('invalid_parameter')
  read(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
