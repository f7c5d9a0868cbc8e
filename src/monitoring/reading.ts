import { withTimeLimit } from '../platform/time-limit.js';

/** A scrape waits no longer for whoever is asked. */
const PATIENCE_MS = 1_000;

/**
 * What several gauges and scrapes that come close together share: asked once, kept for a while. Null when there was no answer, so
 * that a gauge shows nothing rather than what was true before. Who does not answer is not asked again until it has, or has failed.
 */
export class Reading<Value> {
  private current: Promise<Value | null> = Promise.resolve(null);
  private askedAtMs = -Infinity;
  private isAsking = false;

  constructor(
    private readonly ask: () => Promise<Value>,
    private readonly keepMs: number,
  ) {}

  get(): Promise<Value | null> {
    const nowMs = performance.now();
    if (nowMs - this.askedAtMs < this.keepMs) return this.current;
    if (this.isAsking) return Promise.resolve(null);
    this.askedAtMs = nowMs;
    this.isAsking = true;
    const answer = this.ask().finally(() => (this.isAsking = false));
    this.current = withTimeLimit(answer, PATIENCE_MS).catch(() => null);
    return this.current;
  }
}
