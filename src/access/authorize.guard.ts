import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { mayActAs } from '../domain/access.js';
import { Problem } from '../domain/errors.js';
import { ruleOf } from '../platform/access-rules.js';
import { callerOf } from '../platform/caller.js';

/** Lets a request on to its handler when its sender was identified and has the role for it. */
@Injectable()
export class AuthorizeGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const needed = ruleOf(context);
    if (needed === 'public') return true;
    const { role } = callerOf(context.switchToHttp().getRequest<object>());
    if (mayActAs(role, needed)) return true;
    throw new Problem('forbidden', `this needs ${NEEDS[needed]}; the key's role is ${role}`);
  }
}

const NEEDS = {
  viewer: 'the role viewer',
  editor: 'the role editor',
  admin: 'the role admin',
  root: 'the root key',
} as const;
