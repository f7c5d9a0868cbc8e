import { applyDecorators, SetMetadata } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { AccessRole } from '../domain/access.js';

const RULE = Symbol('access rule');
/** How the document names what an operation needs: a role, or `public`. */
export const ROLE_EXTENSION = 'x-required-role';

export type AccessRule = AccessRole | 'public';

/** The role that a handler needs, where it is not the one of its method (`ruleOfMethod`). */
export function Needs(role: AccessRole): MethodDecorator & ClassDecorator {
  return rule(role);
}

/** Anyone may call it, without a key: probes and metrics. */
export function Public(): MethodDecorator & ClassDecorator {
  return rule('public');
}

function rule(rule: AccessRule): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(RULE, rule), ApiExtension(ROLE_EXTENSION, rule));
}

/** A handler that says nothing is never open: reading is for viewers, all else for editors. */
export function ruleOfMethod(method: string): AccessRole {
  return ['GET', 'HEAD'].includes(method.toUpperCase()) ? 'viewer' : 'editor';
}

export function ruleOf(context: ExecutionContext): AccessRule {
  const said = [context.getHandler(), context.getClass()].map(
    (target) => Reflect.getMetadata(RULE, target) as AccessRule | undefined,
  );
  return said[0] ?? said[1] ?? ruleOfMethod(context.switchToHttp().getRequest<{ method: string }>().method);
}
