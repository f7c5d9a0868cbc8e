import { Readable } from 'node:stream';
import { Body, Controller, Get, HttpCode, Param, Post, Put, Query, StreamableFile, UseGuards } from '@nestjs/common';
import { ApiConsumes, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { JobSetsRepository } from '../../persistence/job-sets.repository.js';
import type { StoredJob } from '../../persistence/jobs.repository.js';
import { CurrentCaller } from '../../platform/caller.js';
import type { Caller } from '../../platform/caller.js';
import { TakesText, TextBody, TEXT_BODY_TYPES } from '../../platform/http/text-body.js';
import { ApiProblems } from '../../platform/openapi/api-problems.js';
import { Costs, memberOf } from '../../platform/request-cost.js';
import { RequestValidationPipe, refuseBody } from '../../platform/validation/request-validation.pipe.js';
import { UnknownParametersGuard } from '../../platform/validation/unknown-parameters.guard.js';
import { readYaml } from '../../platform/yaml/read-yaml.js';
import { CONTENT_TYPES, writerOf } from './export-jobs.js';
import { readImport } from './import-jobs.js';
import type { ImportSourceContent } from './import-jobs.js';
import {
  EXPORT_EXAMPLE,
  ExportQuery,
  ImportQuery,
  ImportSource,
  ImportView,
  JobSet,
  PlanView,
  PutSetQuery,
} from './job-set.schemas.js';
import { JobSetsService } from './job-sets.service.js';
import { PathProject } from './path-project.js';
import { readSet } from './read-set.js';
import { viewOfImport, viewOfPlan } from './set-view.js';

const ApiProject = ApiParam({
  name: 'id',
  description: 'Id or name of the project',
  schema: { type: 'string', minLength: 1, maxLength: 63 },
});

const PAGE = 200;

const COST = { of: 'jobs', each: 100 };
/** Of a job in a text, as it is seldom longer. */
const CHARACTERS_A_JOB = 200;

/**
 * The jobs of a project as a whole. Bodies are read by the handlers themselves: they are larger than what the pipe of other
 * controllers lets through, and checked entry by entry.
 */
@ApiTags('jobs')
@UseGuards(UnknownParametersGuard)
@Controller('projects/:id/jobs')
export class JobSetsController {
  constructor(
    private readonly service: JobSetsService,
    private readonly sets: JobSetsRepository,
    private readonly projects: PathProject,
  ) {}

  @Put()
  @Costs(COST, ({ body }) => jobsIn(body))
  @TakesText('yaml')
  @ApiConsumes('application/json', 'application/yaml', 'text/yaml')
  @ApiOperation({
    operationId: 'putJobSet',
    summary: "Declare a project's jobs",
    description:
      'Takes the whole set, compares it by names with what is there, and answers the plan: jobs to create, change, delete and keep. It is applied in one transaction, unless it is a dry run; other jobs are deleted with `prune` alone. A job that is the same already is kept, version and all.',
  })
  @ApiProject
  @ApiOkResponse({ standardSchema: PlanView, description: 'The plan, applied or not' })
  @ApiProblems(
    'malformed_json',
    'malformed_yaml',
    'invalid_parameter',
    'not_found',
    'body_too_large',
    'unsupported_media_type',
    'invalid',
    'quota_exceeded',
  )
  async put(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query({ schema: PutSetQuery, pipes: [RequestValidationPipe] }) { dryRun, prune }: PutSetQuery,
    @Body({ schema: JobSet }) body: unknown,
  ): Promise<PlanView> {
    const project = await this.projects.of(caller, id);
    const entries = await readSet(await oneDocument(body));
    return viewOfPlan(await this.service.apply(project.id, entries, { dryRun, prune, refused: 'refuseAll' }), dryRun);
  }

  @Get()
  @ApiOperation({
    operationId: 'exportJobSet',
    summary: "Export a project's jobs",
    description:
      'All of them, by name. What json and yaml say can be declared again and changes nothing; secrets are masked. A crontab calls the targets with curl, and has comments for what cron can not say.',
  })
  @ApiProject
  @ApiOkResponse({
    description: 'The jobs',
    content: {
      'application/json': { schema: { $ref: '#/components/schemas/JobSet' }, example: EXPORT_EXAMPLE },
      'application/yaml': { schema: { $ref: '#/components/schemas/JobSet' } },
      'text/plain': { schema: { type: 'string' } },
    },
  })
  @ApiProblems('invalid_parameter', 'not_found')
  async export(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query({ schema: ExportQuery, pipes: [RequestValidationPipe] }) { format }: ExportQuery,
  ): Promise<StreamableFile> {
    const project = await this.projects.of(caller, id);
    // The first page before the answer begins: what is wrong then can still be said with a status.
    const first = await this.sets.page(project.id, '', PAGE);
    const text = Readable.from(writerOf(format)(this.pages(project.id, first)), { objectMode: false });
    return new StreamableFile(text, { type: CONTENT_TYPES[format] });
  }

  @Post('import')
  @HttpCode(200)
  @Costs(COST, ({ body }) => jobsIn(body))
  @TakesText('yaml', 'plain')
  @ApiConsumes('application/json', ...TEXT_BODY_TYPES)
  @ApiOperation({
    operationId: 'importJobs',
    summary: 'Import jobs of another scheduler',
    description:
      'From a crontab, Kubernetes CronJobs, EventBridge Scheduler or Google Cloud Scheduler. Jobs are created, or changed where the name is there already; none is deleted. The answer says what could not be carried over, and where it stands in the source.',
  })
  @ApiProject
  @ApiOkResponse({ standardSchema: ImportView, description: 'The plan, applied or not, and what was left behind' })
  @ApiProblems(
    'malformed_json',
    'malformed_yaml',
    'invalid_parameter',
    'not_found',
    'body_too_large',
    'unsupported_media_type',
    'invalid',
    'quota_exceeded',
  )
  async import(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query({ schema: ImportQuery, pipes: [RequestValidationPipe] }) query: ImportQuery,
    @Body({ schema: ImportSource }) body: unknown,
  ): Promise<ImportView> {
    const project = await this.projects.of(caller, id);
    const { readable, report } = await readImport(await contentOf(body), query);
    const { dryRun } = query;
    const entries = readable.map(({ entry }) => entry);
    const outcome = await this.service.apply(project.id, entries, { dryRun, prune: false, refused: 'leaveOut' });
    return viewOfImport(outcome, dryRun, readable, report);
  }

  private async *pages(projectId: string, first: StoredJob[]): AsyncGenerator<StoredJob[]> {
    for (let jobs = first; jobs.length > 0;) {
      yield jobs;
      jobs = jobs.length < PAGE ? [] : await this.sets.page(projectId, jobs.at(-1)?.name ?? '', PAGE);
    }
  }
}

/** Before anybody has read it: of a text, and of what has another form, an estimate. */
function jobsIn(body: unknown): number {
  if (body instanceof TextBody) return body.text.length / CHARACTERS_A_JOB;
  const jobs = memberOf(body, 'jobs') ?? memberOf(body, 'Schedules') ?? memberOf(body, 'items') ?? body;
  return Array.isArray(jobs) ? jobs.length : 1;
}

async function oneDocument(body: unknown): Promise<unknown> {
  if (!(body instanceof TextBody)) return body;
  const documents = await readYaml(body.text);
  if (documents.length <= 1) return documents[0];
  throw refuseBody([{ pointer: '', code: 'too_many', detail: 'has more than one YAML document' }]);
}

async function contentOf(body: unknown): Promise<ImportSourceContent> {
  if (body === undefined) throw refuseBody([{ pointer: '', code: 'required', detail: 'is required' }]);
  if (!(body instanceof TextBody)) return typeof body === 'string' ? { text: body } : { documents: [body] };
  return body.kind === 'plain' ? { text: body.text } : { documents: await readYaml(body.text) };
}
