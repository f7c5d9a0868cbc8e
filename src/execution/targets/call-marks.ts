/** When a call got how far, on the monotonic clock; null: not yet, or it had no need to. */
export interface CallMarks {
  /** Null also for an address, and for a connection that was kept. */
  resolvedAtMs: number | null;
  /** TLS included. Null also for a connection that was kept. */
  connectedAtMs: number | null;
  firstByteAtMs: number | null;
  doneAtMs: number | null;
}

export function newMarks(): CallMarks {
  return { resolvedAtMs: null, connectedAtMs: null, firstByteAtMs: null, doneAtMs: null };
}

/** Whole milliseconds from a start. */
export function sinceStart(atMs: number | null, startedMs: number): number | null {
  return atMs === null ? null : Math.max(0, Math.round(atMs - startedMs));
}
