import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Problem } from '../domain/errors.js';
import { ruleOf } from '../platform/access-rules.js';
import { identify } from '../platform/caller.js';
import { IdentificationService } from './identification.service.js';

interface Request {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * Finds out who sends a request and keeps it for those after it: the limits count by it, and `AuthorizeGuard` refuses.
 * A refusal is kept too, so that failed attempts are counted before they are answered.
 */
@Injectable()
export class IdentifyGuard implements CanActivate {
  constructor(private readonly identification: IdentificationService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (ruleOf(context) === 'public') return true;
    const request = context.switchToHttp().getRequest<Request>();
    const { authorization, 'carillon-project': project } = request.headers;
    try {
      identify(
        request,
        await this.identification.identify({ authorization: one(authorization), project: one(project) }),
      );
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      identify(request, error);
    }
    return true;
  }
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join() : header;
}
