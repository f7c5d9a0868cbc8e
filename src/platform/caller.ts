import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { AccessRole } from '../domain/access.js';
import { Problem } from '../domain/errors.js';
import type { ProjectRateLimits } from '../domain/rate-limit.js';

/** Who sent a request, and the one project that it acts in. */
export interface Caller {
  readonly projectId: string;
  readonly role: AccessRole;
  /** Null for the root key, for a token, and while the service is open. */
  readonly keyId: string | null;
  /** Who a token of the OIDC issuer was made for (its `sub`); null for all others. */
  readonly subject: string | null;
  /** What the project's plan says; null: the caller is counted by its address. */
  readonly rateLimits: ProjectRateLimits | null;
}

/** Kept beside the requests, where no header and no body can put anything. */
const callers = new WeakMap<object, Caller | Problem>();

/** What was found out of a request's sender: the caller, or why it is refused. */
export function identify(request: object, caller: Caller | Problem): void {
  callers.set(request, caller);
}

/** Null when the request was let in without a question or is refused. */
export function callerIfKnown(request: object): Caller | null {
  const caller = callers.get(request);
  return caller === undefined || caller instanceof Problem ? null : caller;
}

/** Why a request's sender was refused; null when it was not, or was let in without a question. */
export function refusalIfAny(request: object): Problem | null {
  const caller = callers.get(request);
  return caller instanceof Problem ? caller : null;
}

/** Throws the refusal; so does it for a request that nobody asked for a key: no handler runs in a project by accident. */
export function callerOf(request: object): Caller {
  const caller = callers.get(request) ?? new Problem('unauthenticated', NO_KEY);
  if (caller instanceof Problem) throw caller;
  return caller;
}

export const NO_KEY = 'send a key with the header "authorization: Bearer <key>"';

/** The caller of a request, in a handler. */
export const CurrentCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Caller =>
  callerOf(context.switchToHttp().getRequest<object>()),
);
