import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Needs } from '../platform/access-rules.js';
import { ApiIdParam, CheckedRequests, LINK, LOCATION } from '../platform/contract/operations.js';
import { linkNext } from '../platform/contract/page.js';
import type { HttpReply, HttpRequest, Page } from '../platform/contract/page.js';
import { ShownOnce } from '../platform/contract/shown-once.js';
import { ApiProblems } from '../platform/openapi/api-problems.js';
import { ProjectId } from '../platform/project.js';
import {
  ApiKeyInput,
  ApiKeyPage,
  ApiKeyView,
  NewApiKeyView,
  PageQuery,
  RotateInput,
  viewOfKey,
} from './access.schemas.js';
import { ApiKeysService } from './api-keys.service.js';
import type { NewApiKey } from './api-keys.service.js';

@ApiTags('access')
@CheckedRequests()
@Needs('admin')
@Controller('api-keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Post()
  @ShownOnce()
  @ApiOperation({
    operationId: 'createApiKey',
    summary: 'Create an API key',
    description:
      'For the project that the request acts in. The key is in this answer only: what is kept is its SHA-256.',
  })
  @ApiCreatedResponse({ standardSchema: NewApiKeyView, description: 'Created', headers: LOCATION })
  @ApiProblems('malformed_json', 'invalid_parameter', 'body_too_large', 'unsupported_media_type', 'invalid')
  async create(
    @ProjectId() projectId: string,
    @Body({ schema: ApiKeyInput }) input: ApiKeyInput,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<NewApiKeyView> {
    return handOver(await this.keys.create(projectId, input), reply);
  }

  @Get()
  @ApiOperation({
    operationId: 'listApiKeys',
    summary: 'List API keys',
    description: 'Of the project; never their text.',
  })
  @ApiOkResponse({ standardSchema: ApiKeyPage, description: 'A page of keys, newest first', headers: LINK })
  @ApiProblems('invalid_parameter')
  async list(
    @ProjectId() projectId: string,
    @Query({ schema: PageQuery }) query: PageQuery,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<Page<ApiKeyView>> {
    const page = await this.keys.list(projectId, query);
    linkNext(request, reply, page);
    return { data: page.data.map(viewOfKey), page: page.page };
  }

  @Get(':id')
  @ApiOperation({
    operationId: 'getApiKey',
    summary: 'Read an API key',
    description: 'What is known of it; not its text.',
  })
  @ApiIdParam('key')
  @ApiOkResponse({ standardSchema: ApiKeyView, description: 'The key' })
  @ApiProblems('invalid_parameter', 'not_found')
  async get(@ProjectId() projectId: string, @Param('id') id: string): Promise<ApiKeyView> {
    return viewOfKey(await this.keys.get(projectId, id));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'revokeApiKey',
    summary: 'Revoke an API key',
    description: 'At most a second later it opens nothing any more, on any replica.',
  })
  @ApiIdParam('key')
  @ApiNoContentResponse({ description: 'Revoked' })
  @ApiProblems('invalid_parameter', 'not_found')
  async revoke(@ProjectId() projectId: string, @Param('id') id: string): Promise<void> {
    await this.keys.revoke(projectId, id);
  }

  @Post(':id/rotate')
  @ShownOnce()
  @ApiOperation({
    operationId: 'rotateApiKey',
    summary: 'Rotate an API key',
    description:
      'Makes a key of the same name and role; the old one works on for the overlap, so that nobody is cut off.',
  })
  @ApiIdParam('key')
  @ApiCreatedResponse({ standardSchema: NewApiKeyView, description: 'The key in its place', headers: LOCATION })
  @ApiProblems(
    'malformed_json',
    'invalid_parameter',
    'not_found',
    'wrong_state',
    'body_too_large',
    'unsupported_media_type',
    'invalid',
  )
  async rotate(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Body({ schema: RotateInput }) input: RotateInput,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<NewApiKeyView> {
    return handOver(await this.keys.rotate(projectId, id, input), reply);
  }
}

function handOver({ key, text }: NewApiKey, reply: HttpReply): NewApiKeyView {
  reply.header('location', `/api-keys/${key.id}`);
  reply.header('cache-control', 'no-store');
  return { ...viewOfKey(key), key: text };
}
