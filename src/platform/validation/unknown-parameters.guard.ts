import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { refuseParameters } from './request-validation.pipe.js';

/** A handler that reads no query takes none: a misspelt or misplaced parameter is refused, not ignored. */
@Injectable()
export class UnknownParametersGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { query } = context.switchToHttp().getRequest<{ query?: Readonly<Record<string, unknown>> }>();
    const names = Object.keys(query ?? {});
    if (names.length === 0 || readsQuery(context)) return true;
    throw refuseParameters(
      names.map((name) => ({ pointer: `/${name}`, code: 'unknown_parameter', detail: 'is not known here' })),
    );
  }
}

function readsQuery(context: ExecutionContext): boolean {
  const metadata: unknown = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), context.getHandler().name);
  return Object.keys(metadata ?? {}).some((key) => key.startsWith(`${RouteParamtypes.QUERY}:`));
}
