import type { ServerResponse } from 'node:http';
import type { Credentials } from '../platform/identification.js';
import { resyncFrame } from './event-frames.js';

/** Left unread of what was sent before, in bytes: a client that far behind is cut off. Sent at once: this and one frame more. */
export const MAX_UNREAD_BYTES = 65_536;
/** How long one that was cut off may take to read why. */
const FAREWELL_MS = 1_000;

/** Whose stream it is: it is asked again and again whether its sender may still be here. */
export interface Owner {
  readonly projectId: string;
  /** What streams are counted by. */
  readonly sender: string;
  readonly credentials: Credentials;
  /** Shown by a token: it ends by itself, and can't be revoked. */
  readonly byToken: boolean;
}

/** One open answer. Nothing waits for its reader, and nothing is kept for it but what the socket has not taken yet. */
export class EventStream {
  private ended = false;

  constructor(
    readonly owner: Owner,
    private readonly raw: Pick<ServerResponse, 'write' | 'end' | 'destroy' | 'writableLength' | 'once'>,
    onEnd: (stream: EventStream) => void,
  ) {
    raw.once('close', () => {
      this.ended = true;
      onEnd(this);
    });
    raw.once('error', () => raw.destroy());
  }

  get hasEnded(): boolean {
    return this.ended;
  }

  send(frame: string | Buffer): void {
    if (this.ended) return;
    if (this.raw.writableLength > MAX_UNREAD_BYTES) this.end(resyncFrame('slow'));
    else this.raw.write(frame);
  }

  /** With a last word, if one is given. */
  end(lastFrame = ''): void {
    if (this.ended) return;
    this.ended = true;
    this.raw.end(lastFrame);
    setTimeout(() => this.raw.destroy(), FAREWELL_MS).unref();
  }
}
