import { Body, Controller, Get, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiConsumes, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Needs } from '../platform/access-rules.js';
import { CurrentCaller } from '../platform/caller.js';
import type { Caller } from '../platform/caller.js';
import { ApiIdParam, CheckedRequests, LINK, LOCATION } from '../platform/contract/operations.js';
import { linkNext } from '../platform/contract/page.js';
import type { HttpReply, HttpRequest, Page } from '../platform/contract/page.js';
import { ApiProblems } from '../platform/openapi/api-problems.js';
import {
  PageQuery,
  ProjectInput,
  ProjectPage,
  ProjectPatch,
  ProjectView,
  ProjectWithUse,
  viewOfProject,
} from './access.schemas.js';
import { ProjectsService } from './projects.service.js';

@ApiTags('access')
@CheckedRequests()
@Controller('projects')
export class ProjectsController {
  constructor(private readonly projects: ProjectsService) {}

  @Post()
  @Needs('root')
  @ApiOperation({
    operationId: 'createProject',
    summary: 'Create a project',
    description: 'A tenant with jobs, runs and keys of its own. For the root key.',
  })
  @ApiCreatedResponse({ standardSchema: ProjectView, description: 'Created', headers: LOCATION })
  @ApiProblems(
    'malformed_json',
    'invalid_parameter',
    'name_taken',
    'body_too_large',
    'unsupported_media_type',
    'invalid',
  )
  async create(
    @Body({ schema: ProjectInput }) input: ProjectInput,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ProjectView> {
    const project = await this.projects.create(input);
    reply.header('location', `/projects/${project.id}`);
    return viewOfProject(project);
  }

  @Get()
  @Needs('admin')
  @ApiOperation({
    operationId: 'listProjects',
    summary: 'List projects',
    description: 'All for the root key; for an admin its own alone.',
  })
  @ApiOkResponse({ standardSchema: ProjectPage, description: 'A page of projects, newest first', headers: LINK })
  @ApiProblems('invalid_parameter')
  async list(
    @CurrentCaller() caller: Caller,
    @Query({ schema: PageQuery }) query: PageQuery,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<Page<ProjectView>> {
    const page = await this.projects.list(caller, query);
    linkNext(request, reply, page);
    return { data: page.data.map(viewOfProject), page: page.page };
  }

  @Get(':id')
  @Needs('admin')
  @ApiOperation({
    operationId: 'getProject',
    summary: 'Read a project',
    description: 'By its id; an admin its own alone. With what it uses of its quotas at this moment.',
  })
  @ApiIdParam('project')
  @ApiOkResponse({ standardSchema: ProjectWithUse, description: 'The project' })
  @ApiProblems('invalid_parameter', 'not_found')
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<ProjectWithUse> {
    const project = await this.projects.get(caller, id);
    return { ...viewOfProject(project), use: await this.projects.useOf(project) };
  }

  @Patch(':id')
  @Needs('root')
  @ApiConsumes('application/merge-patch+json', 'application/json')
  @ApiOperation({
    operationId: 'updateProject',
    summary: 'Change what a project may',
    description: 'A JSON merge patch, in force on every replica within a second. For the root key.',
  })
  @ApiIdParam('project')
  @ApiOkResponse({ standardSchema: ProjectView, description: 'The project as it is now' })
  @ApiProblems(
    'malformed_json',
    'invalid_parameter',
    'not_found',
    'body_too_large',
    'unsupported_media_type',
    'invalid',
  )
  async change(@Param('id') id: string, @Body({ schema: ProjectPatch }) patch: ProjectPatch): Promise<ProjectView> {
    return viewOfProject(await this.projects.change(id, patch));
  }
}
