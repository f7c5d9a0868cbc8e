import type { Instant } from '../../domain/recurrence/schedule.js';
import type { TraceContext } from './trace-context.js';

/** What a span says of what it stands for: never a secret, a body or a whole URL. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** A stretch of time in a trace. */
export interface SpanData {
  readonly name: string;
  readonly kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly startAt: Instant;
  readonly endAt: Instant;
  readonly attributes?: Attributes;
  /** What went wrong, in a word. */
  readonly error?: string | null;
  readonly links?: readonly TraceContext[];
}

/**
 * Writes spans. Who has something to say asks `isOn` first: while tracing is off nothing else of it is called, made or loaded.
 */
export abstract class Tracing {
  abstract readonly isOn: boolean;

  /** A place for a span that follows: below `parent`, or at the start of a trace, sampled as the settings say. */
  abstract place(parent: TraceContext | null): TraceContext;

  /** Whether a trace with this id, which nobody has decided on, is to be kept: the same on every replica. */
  abstract samples(traceId: string): boolean;

  /** Does nothing where `at` is not sampled. */
  abstract write(at: TraceContext, parent: TraceContext | null, span: SpanData): void;
}

class NoTracing extends Tracing {
  readonly isOn = false;

  place(): TraceContext {
    throw new Error('tracing is off');
  }

  samples(): boolean {
    return false;
  }

  write(): void {}
}

export const NO_TRACING: Tracing = new NoTracing();
