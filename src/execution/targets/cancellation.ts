/**
 * Ends one call from outside, at most once. It stands where an AbortController could: of those, with their events, one for each
 * call was a tenth of what delivering it cost.
 */
export class Cancellation {
  private listener: (() => void) | null = null;
  private controller: AbortController | null = null;
  private requested = false;

  get isRequested(): boolean {
    return this.requested;
  }

  request(): void {
    if (this.requested) return;
    this.requested = true;
    this.listener?.();
    this.controller?.abort();
  }

  /** For the one exchange that is under way; null when it has ended. */
  listen(listener: (() => void) | null): void {
    this.listener = listener;
  }

  /** For what knows signals only. */
  get signal(): AbortSignal {
    if (this.controller === null) {
      this.controller = new AbortController();
      if (this.requested) this.controller.abort();
    }
    return this.controller.signal;
  }
}
