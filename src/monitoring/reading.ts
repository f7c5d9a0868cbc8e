import { withTimeLimit } from '../platform/time-limit.js';

/** A scrape waits no longer for whoever is asked. */
const PATIENCE_MS = 1_000;

/**
 * What several gauges and scrapes that come close together share: asked once, kept for a while. Null when there was no answer, so
 * that a gauge shows nothing rather than what was true before.
 */
export class Reading<Value> {
  private current: Promise<Value | null> | null = null;
  private askedAtMs = -Infinity;

  constructor(
    private readonly ask: () => Promise<Value>,
    private readonly keepMs: number,
  ) {}

  get(): Promise<Value | null> {
    const nowMs = performance.now();
    if (this.current === null || nowMs - this.askedAtMs >= this.keepMs) {
      this.askedAtMs = nowMs;
      this.current = withTimeLimit(this.ask(), PATIENCE_MS).catch(() => null);
    }
    return this.current;
  }
}
