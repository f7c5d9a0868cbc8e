/** A place in a trace, as the header `traceparent` of W3C Trace Context has it. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Whether those who keep traces keep this one. */
  readonly sampled: boolean;
}

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NOTHING = /^0+$/;

/** Null when the text is none. */
export function parseTraceparent(text: string): TraceContext | null {
  const [, traceId, spanId, flags, more] = TRACEPARENT.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  // Version 00 ends with the flags, ff is none.
  if (text.startsWith('ff') || (more !== undefined && text.startsWith('00'))) return null;
  if (NOTHING.test(traceId) || NOTHING.test(spanId)) return null;
  return { traceId, spanId, sampled: (parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** The trace that a run has when nobody handed it one: its id. */
export function traceIdOfRun(runId: string): string {
  return runId.replaceAll('-', '');
}

/** The span of a run as a whole. Every replica knows it, so that each can put its part of the run below it. */
export function spanIdOfRun(runId: string): string {
  return traceIdOfRun(runId).slice(16);
}
