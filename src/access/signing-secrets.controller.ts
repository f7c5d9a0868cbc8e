import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Needs } from '../platform/access-rules.js';
import { ApiIdParam, CheckedRequests, LINK, LOCATION } from '../platform/contract/operations.js';
import { linkNext } from '../platform/contract/page.js';
import type { HttpReply, HttpRequest, Page } from '../platform/contract/page.js';
import { NoContent } from '../platform/contract/values.schema.js';
import { ApiProblems } from '../platform/openapi/api-problems.js';
import { ShownOnce } from '../platform/contract/shown-once.js';
import { ProjectId } from '../platform/project.js';
import { PageQuery } from './access.schemas.js';
import {
  NewSigningSecretView,
  SigningRotateInput,
  SigningSecretPage,
  SigningSecretView,
  viewOfSigningSecret,
} from './signing-secrets.schemas.js';
import { SigningSecretsService } from './signing-secrets.service.js';
import type { NewSigningSecret } from './signing-secrets.service.js';

@ApiTags('access')
@CheckedRequests()
@Needs('admin')
@Controller('signing-secrets')
export class SigningSecretsController {
  constructor(private readonly secrets: SigningSecretsService) {}

  @Post()
  @ShownOnce()
  @ApiOperation({
    operationId: 'createSigningSecret',
    summary: 'Create the signing secret of a project',
    description:
      'From then on every call of the project is signed (Standard Webhooks): `webhook-signature` over `webhook-id`, `webhook-timestamp` and the body. The secret is in this answer only. A project has one; to change it, rotate it.',
  })
  @ApiCreatedResponse({ standardSchema: NewSigningSecretView, description: 'Created', headers: LOCATION })
  @ApiProblems(
    'malformed_json',
    'invalid_parameter',
    'wrong_state',
    'body_too_large',
    'unsupported_media_type',
    'invalid',
  )
  async create(
    @ProjectId() projectId: string,
    @Body({ schema: NoContent }) _nothing: unknown,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<NewSigningSecretView> {
    return handOver(await this.secrets.create(projectId), reply);
  }

  @Get()
  @ApiOperation({
    operationId: 'listSigningSecrets',
    summary: 'List signing secrets',
    description: 'The current one, and the one that it is replacing; never their text.',
  })
  @ApiOkResponse({ standardSchema: SigningSecretPage, description: 'A page of secrets, newest first', headers: LINK })
  @ApiProblems('invalid_parameter')
  async list(
    @ProjectId() projectId: string,
    @Query({ schema: PageQuery }) query: PageQuery,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<Page<SigningSecretView>> {
    const page = await this.secrets.list(projectId, query);
    linkNext(request, reply, page);
    return { data: page.data.map(viewOfSigningSecret), page: page.page };
  }

  @Get(':id')
  @ApiOperation({
    operationId: 'getSigningSecret',
    summary: 'Read a signing secret',
    description: 'What is known of it; not its text.',
  })
  @ApiIdParam('signing secret')
  @ApiOkResponse({ standardSchema: SigningSecretView, description: 'The secret' })
  @ApiProblems('invalid_parameter', 'not_found')
  async get(@ProjectId() projectId: string, @Param('id') id: string): Promise<SigningSecretView> {
    return viewOfSigningSecret(await this.secrets.get(projectId, id));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'revokeSigningSecret',
    summary: 'Revoke a signing secret',
    description:
      'No run that starts later is signed with it. Without another secret the calls of the project are not signed any more.',
  })
  @ApiIdParam('signing secret')
  @ApiNoContentResponse({ description: 'Revoked' })
  @ApiProblems('invalid_parameter', 'not_found')
  async revoke(@ProjectId() projectId: string, @Param('id') id: string): Promise<void> {
    await this.secrets.revoke(projectId, id);
  }

  @Post(':id/rotate')
  @ShownOnce()
  @ApiOperation({
    operationId: 'rotateSigningSecret',
    summary: 'Rotate a signing secret',
    description:
      'Makes a secret in its place. Until the overlap is over calls carry a signature by each of the two, so that receivers can change over one by one.',
  })
  @ApiIdParam('signing secret')
  @ApiCreatedResponse({
    standardSchema: NewSigningSecretView,
    description: 'The secret in its place',
    headers: LOCATION,
  })
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
    @Body({ schema: SigningRotateInput }) input: SigningRotateInput,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<NewSigningSecretView> {
    return handOver(await this.secrets.rotate(projectId, id, input), reply);
  }
}

function handOver({ secret, text }: NewSigningSecret, reply: HttpReply): NewSigningSecretView {
  reply.header('location', `/signing-secrets/${secret.id}`);
  reply.header('cache-control', 'no-store');
  return { ...viewOfSigningSecret(secret), secret: text };
}
