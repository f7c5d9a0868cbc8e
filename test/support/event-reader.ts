import { waitFor } from './wait-for.js';

export interface ReadEvent {
  readonly event: string;
  readonly data: ReturnType<typeof JSON.parse>;
}

/** Reads a stream of server-sent events as a page does, by fetch. */
export class EventReader {
  readonly events: ReadEvent[] = [];
  lastId: string | null = null;
  comments = 0;
  ended = false;
  text = '';

  private constructor(
    readonly response: Response,
    private readonly abort: AbortController,
  ) {}

  static async open(url: string, key: string | null, headers: Record<string, string> = {}): Promise<EventReader> {
    const abort = new AbortController();
    const response = await fetch(`${url}/events`, {
      signal: abort.signal,
      headers: { ...(key !== null && { authorization: `Bearer ${key}` }), ...headers },
    });
    const reader = new EventReader(response, abort);
    void reader.read();
    return reader;
  }

  /** Waits until an event is there that is like this one. */
  async until(what: string, accepts: (event: ReadEvent) => boolean, timeoutMs = 8_000): Promise<ReadEvent> {
    await waitFor(what, () => this.events.some(accepts), undefined, { timeoutMs });
    return this.events.find(accepts) as ReadEvent;
  }

  close(): void {
    this.abort.abort();
  }

  private async read(): Promise<void> {
    let rest = '';
    try {
      const decoder = new TextDecoder();
      for await (const chunk of this.response.body as unknown as AsyncIterable<Uint8Array>) {
        const text = decoder.decode(chunk, { stream: true });
        this.text += text;
        const frames = (rest + text).split('\n\n');
        rest = frames.pop() ?? '';
        for (const frame of frames) this.take(frame);
      }
    } catch {
      // Cut off, by us or by them.
    }
    this.ended = true;
  }

  private take(frame: string): void {
    const fields = new Map(
      frame.split('\n').map((line) => [line.split(': ')[0] ?? '', line.slice(line.indexOf(': ') + 2)]),
    );
    if (frame.startsWith(':') || frame.includes('\n:')) this.comments += 1;
    this.lastId = fields.get('id') ?? this.lastId;
    const [event, data] = [fields.get('event'), fields.get('data')];
    if (event !== undefined && data !== undefined) this.events.push({ event, data: JSON.parse(data) });
  }
}
