import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../platform/access-rules.js';
import { CurrentCaller } from '../platform/caller.js';
import type { Caller } from '../platform/caller.js';
import { CheckedRequests } from '../platform/contract/operations.js';
import { ApiProblems } from '../platform/openapi/api-problems.js';
import { SignInView, WhoamiView } from './whoami.schemas.js';
import { WhoamiService } from './whoami.service.js';

@ApiTags('access')
@CheckedRequests()
@Controller()
export class WhoamiController {
  constructor(private readonly whoami: WhoamiService) {}

  @Get('whoami')
  @ApiOperation({
    operationId: 'whoami',
    summary: 'Who am I here?',
    description: 'What the key or token of the request is, what it may do, and in which project.',
  })
  @ApiOkResponse({ standardSchema: WhoamiView, description: 'Who sent the request' })
  @ApiProblems('invalid_parameter')
  read(@CurrentCaller() caller: Caller): Promise<WhoamiView> {
    return this.whoami.of(caller);
  }

  @Get('sign-in')
  @Public()
  @ApiOperation({
    operationId: 'getSignIn',
    summary: 'How people sign in',
    description: 'Whether the service asks for keys, and where a browser is signed in. Needs no key.',
  })
  @ApiOkResponse({ standardSchema: SignInView, description: 'The ways in' })
  @ApiProblems('invalid_parameter', 'rate_limited')
  waysIn(): Promise<SignInView> {
    return this.whoami.waysIn();
  }
}
