import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CheckedRequests } from '../../platform/contract/operations.js';
import { ApiProblems } from '../../platform/openapi/api-problems.js';
import { ProjectId } from '../../platform/project.js';
import { Costs, memberOf } from '../../platform/request-cost.js';
import { MAX_BULK_RUNS, RunBulkInput, RunBulkView } from './run-bulk.schemas.js';
import { RunBulkService } from './run-bulk.service.js';

@ApiTags('runs')
@CheckedRequests()
@Controller('runs/bulk')
export class RunBulkController {
  constructor(private readonly bulk: RunBulkService) {}

  @Post()
  @HttpCode(200)
  @Costs({ of: 'runs', each: 100 }, ({ body }) => runsIn(body))
  @ApiOperation({
    operationId: 'bulkRuns',
    summary: 'Replay or cancel many runs',
    description:
      'One action on up to 1,000 runs, by ids or by a filter, each as its own operation would do it. What is refused for one ' +
      'keeps no other from it: look at each result. All that succeeds is committed at once.',
  })
  @ApiOkResponse({ standardSchema: RunBulkView, description: 'What became of each' })
  @ApiProblems('malformed_json', 'invalid_parameter', 'body_too_large', 'unsupported_media_type', 'invalid')
  run(@ProjectId() projectId: string, @Body({ schema: RunBulkInput }) input: RunBulkInput): Promise<RunBulkView> {
    return this.bulk.run(projectId, input);
  }
}

/** A filter may find as many as one request can change. */
function runsIn(body: unknown): number {
  const ids = memberOf(body, 'ids');
  if (Array.isArray(ids)) return ids.length;
  return memberOf(body, 'filter') === undefined ? 1 : MAX_BULK_RUNS;
}
