import { applyDecorators, SetMetadata } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

const COST = Symbol('request cost');
/** How the document says what an operation costs; `addCommonParts` puts it into words. */
export const COST_EXTENSION = 'x-rate-limit-cost';

export interface RequestCost {
  /** What is counted, like "occurrences". */
  readonly of: string;
  /** So many of them count as one request; each begun part does. */
  readonly each: number;
}

/** Of a request that nobody has checked yet. */
interface Asked {
  readonly body: unknown;
  readonly query: unknown;
}

/**
 * A request of this handler counts as several against the rate limits: as one for each begun `each` of what `count` finds in
 * it. `count` may answer anything: what is no number counts once, and is refused later.
 */
export function Costs(cost: RequestCost, count: (asked: Asked) => unknown): MethodDecorator {
  return applyDecorators(SetMetadata(COST, { ...cost, count }), ApiExtension(COST_EXTENSION, cost));
}

/** A request of this handler counts as so many, whatever it asks for. */
export function CostsAlways(requests: number): MethodDecorator {
  const cost = { of: 'requests', each: 1, count: () => requests };
  return applyDecorators(SetMetadata(COST, cost), ApiExtension(COST_EXTENSION, { requests }));
}

/** Beyond what any request can ask for. */
const MAX_ITEMS = 100_000;

export function costOf(context: ExecutionContext): number {
  const cost = Reflect.getMetadata(COST, context.getHandler()) as
    (RequestCost & { count: (asked: Asked) => unknown }) | undefined;
  if (cost === undefined) return 1;
  const items = Number(cost.count(context.switchToHttp().getRequest<Asked>()) ?? 1);
  return items > cost.each ? Math.ceil(Math.min(items, MAX_ITEMS) / cost.each) : 1;
}

/** A member of what was sent, whatever that is. */
export function memberOf(sent: unknown, name: string): unknown {
  return typeof sent === 'object' && sent !== null ? (sent as Record<string, unknown>)[name] : undefined;
}
