import { applyDecorators, UseGuards, UsePipes } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { RequestValidationPipe } from '../validation/request-validation.pipe.js';
import { UnknownParametersGuard } from '../validation/unknown-parameters.guard.js';

/** Every controller of the API: what its handlers take is checked, and what they don't take is refused. */
export function CheckedRequests(): ClassDecorator {
  return applyDecorators(UsePipes(RequestValidationPipe), UseGuards(UnknownParametersGuard));
}

export function ApiIdParam(what: string): MethodDecorator {
  return ApiParam({ name: 'id', description: `Id of the ${what}`, schema: { type: 'string', format: 'uuid' } });
}

/** The header that tells where what was made can be read. */
export const LOCATION = {
  location: { description: 'Path of what was made', required: true, schema: { type: 'string' } },
} as const;

export const LINK = {
  link: { description: 'The next page, `rel="next"`; absent on the last one', schema: { type: 'string' } },
} as const;
