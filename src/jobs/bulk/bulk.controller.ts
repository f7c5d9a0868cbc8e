import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CheckedRequests } from '../../platform/contract/operations.js';
import { ApiProblems } from '../../platform/openapi/api-problems.js';
import { ProjectId } from '../../platform/project.js';
import { Costs, memberOf } from '../../platform/request-cost.js';
import { BulkInput, BulkView, MAX_BULK } from './bulk.schemas.js';
import { BulkService } from './bulk.service.js';

@ApiTags('jobs')
@CheckedRequests()
@Controller('jobs/bulk')
export class BulkController {
  constructor(private readonly bulk: BulkService) {}

  @Post()
  @HttpCode(200)
  @Costs({ of: 'jobs', each: 100 }, ({ body }) => jobsIn(body))
  @ApiOperation({
    operationId: 'bulkJobs',
    summary: 'Create or change many jobs',
    description:
      'One action on up to 1,000 jobs, by ids or by a filter, each as its own operation would do it. What is refused for one ' +
      'keeps no other from it: look at each result. All that succeeds is committed at once.',
  })
  @ApiOkResponse({ standardSchema: BulkView, description: 'What became of each' })
  @ApiProblems('malformed_json', 'invalid_parameter', 'body_too_large', 'unsupported_media_type', 'invalid')
  run(@ProjectId() projectId: string, @Body({ schema: BulkInput }) input: BulkInput): Promise<BulkView> {
    return this.bulk.run(projectId, input);
  }
}

/** A filter may find as many as one request can change. */
function jobsIn(body: unknown): number {
  const named = memberOf(body, 'jobs') ?? memberOf(body, 'ids');
  if (Array.isArray(named)) return named.length;
  return memberOf(body, 'filter') === undefined ? 1 : MAX_BULK;
}
