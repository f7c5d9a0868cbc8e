import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { callerOf } from './caller.js';

/** The project `default`, where the root key acts unless it names another; it was made with the schema. */
export const DEFAULT_PROJECT = { id: '00000000-0000-7000-8000-000000000001', name: 'default' } as const;

/** The project that a request acts in: that of its key. There is no other source of it. */
export const ProjectId = createParamDecorator(
  (_data: unknown, context: ExecutionContext): string =>
    callerOf(context.switchToHttp().getRequest<object>()).projectId,
);
