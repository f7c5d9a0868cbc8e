import { SetMetadata } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';

const SHOWN_ONCE = Symbol('shown once');

/** The answer of this handler holds a secret that is kept nowhere: whatever keeps the answer must not keep it readable. */
export function ShownOnce(): MethodDecorator {
  return SetMetadata(SHOWN_ONCE, true);
}

export function isShownOnce(context: ExecutionContext): boolean {
  return Reflect.getMetadata(SHOWN_ONCE, context.getHandler()) === true;
}
