import type { Dispatcher } from 'undici';
import type { CallMarks } from './call-marks.js';

/** An answer as it came. */
export interface WholeAnswer {
  readonly kind: 'whole';
  readonly status: number;
  /** The first bytes of the body. */
  readonly body: Buffer;
  readonly retryAfter: string | null;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Why an exchange has no answer: one of our limits, or an error on the way. */
export type Failure = { readonly kind: 'babbled' } | { readonly kind: 'error'; readonly error: unknown };

/** Read of an answer so that its connection can serve again; a longer one costs the connection. */
const DRAIN_BYTES = 65_536;

/** Informational answers (1xx) taken of one call: a target can send them without end, as fast as we read. */
export const MAX_INFORMATIONAL = 100;

const NOTHING = Buffer.alloc(0);

/**
 * One request and its answer, straight on undici's dispatch: its `request` makes a stream, an iterator and a signal of each
 * answer, which cost more than the call itself. Ends once; what undici reports afterwards is of no interest.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | null = null;
  private ended = false;
  private informational = 0;
  private status = 0;
  private retryAfter: string | null = null;
  private headers: WholeAnswer['headers'] = {};
  private kept = NOTHING;
  private readBytes = 0;

  /** `end` is called once, unless `abandon` comes before. */
  constructor(
    private readonly keepBytes: number,
    private readonly marks: CallMarks,
    private readonly end: (outcome: WholeAnswer | Failure) => void,
  ) {}

  /**
   * Nobody waits for it any more. Undici heeds an abort once it is connected; a lookup or a handshake that does not end goes on
   * without us, and the request is not sent any more.
   */
  abandon(): void {
    this.ended = true;
    this.controller?.abort(new Error('nobody waits for this answer any more'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.ended) this.abandon();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) {
      this.informational += 1;
      if (this.informational > MAX_INFORMATIONAL) this.settle({ kind: 'babbled' }, true);
      return;
    }
    this.marks.firstByteAtMs = performance.now();
    this.status = status;
    this.headers = headers;
    const retryAfter = headers['retry-after'];
    this.retryAfter = typeof retryAfter === 'string' ? retryAfter : null;
  }

  /** Keeps the first bytes; reads on a little so that the connection can be kept, then drops it. */
  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.ended) return;
    this.readBytes += chunk.length;
    const room = this.keepBytes - this.kept.length;
    // A copy: what is kept must not keep the whole chunk in memory.
    if (room > 0) this.kept = Buffer.concat([this.kept, chunk.subarray(0, room)]);
    if (this.readBytes > DRAIN_BYTES) this.settle(this.answer(), true);
  }

  onResponseEnd(): void {
    this.settle(this.answer(), false);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: unknown): void {
    this.settle({ kind: 'error', error }, false);
  }

  private answer(): WholeAnswer {
    const { status, kept: body, retryAfter, headers } = this;
    return { kind: 'whole', status, body, retryAfter, headers };
  }

  private settle(outcome: WholeAnswer | Failure, dropConnection: boolean): void {
    if (this.ended) return;
    this.ended = true;
    if (dropConnection) this.controller?.abort(new Error('enough of this answer was read'));
    this.end(outcome);
  }
}
