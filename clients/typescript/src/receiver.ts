import { MemorySeenStore, once, type Once, type SeenStore } from './repeats.js';
import {
  headerOf,
  importSecret,
  SignatureError,
  verifySignature,
  type GivenHeaders,
  type RawBody,
  type SecretKey,
} from './signatures.js';

export interface ReceiverOptions {
  /** The project's signing secrets (`whsec_…`); two while one is being rotated. */
  readonly secrets: readonly string[];
  /** How far `webhook-timestamp` may be from this clock; default 5 minutes, either way. */
  readonly toleranceMs?: number;
  /** Default: the latest 10,000 ids, in this process. */
  readonly seen?: SeenStore;
  /** Default: `Date.now`. */
  readonly now?: () => number;
}

export interface GivenCall {
  readonly headers: GivenHeaders;
  /** As it came, byte for byte. */
  readonly body: RawBody;
}

/** One attempt of one run. What is signed is the id and the body; the rest is as trustworthy as the connection. */
export interface Delivery {
  /** The run's id, the same on every attempt. */
  readonly id: string;
  /** The due instant that the run is for, RFC 3339. */
  readonly scheduledFor: string | null;
  readonly jobId: string | null;
  readonly jobName: string | null;
  /** From 1 on. */
  readonly attempt: number;
  readonly text: string;
  /** The body as JSON. */
  json(): unknown;
}

const DEFAULT_TOLERANCE_MS = 300_000;
/** A later attempt finds it done, or does it. */
const UNDER_WAY_RETRY_SECONDS = '5';

/** Takes the calls that the service makes: only those that it signed, and the work of each run once. */
export class Receiver {
  private readonly keys: Promise<SecretKey[]>;
  private readonly seen: SeenStore;

  constructor(private readonly options: ReceiverOptions) {
    if (options.secrets.length === 0) throw new TypeError('a receiver needs a signing secret to know the service by');
    this.keys = Promise.all(options.secrets.map(importSecret));
    this.keys.catch(() => undefined); // told with the first call
    this.seen = options.seen ?? new MemorySeenStore();
  }

  /**
   * The call, once its signature is verified. Repeats come through; `handle` drops them.
   *
   * @throws SignatureError
   */
  async verify(call: GivenCall): Promise<Delivery> {
    const { toleranceMs = DEFAULT_TOLERANCE_MS, now = Date.now } = this.options;
    const { id } = await verifySignature(await this.keys, call, { nowMs: now(), toleranceMs });
    return deliveryOf(id, call);
  }

  /**
   * Verifies a call and does its work, once for each run: `repeat` when it was done before, `underWay` while it is. Answer these
   * with 200 and 409. When the work throws, nothing is remembered, and the next attempt does it again.
   *
   * @throws SignatureError, and what the work throws
   */
  async handle<Result>(
    call: GivenCall,
    work: (delivery: Delivery) => Promise<Result> | Result,
  ): Promise<Once<Result> & { delivery: Delivery }> {
    const delivery = await this.verify(call);
    return { ...(await once(this.seen, delivery.id, () => work(delivery))), delivery };
  }

  /**
   * The same for servers that speak in `Request` and `Response` (Hono, Deno, Bun, workers, Next.js): 204 when the work is done or
   * was, 409 while it is under way, 401 for a call that the service did not sign. An error of the work is the server's.
   */
  async respond(request: Request, work: (delivery: Delivery) => unknown): Promise<Response> {
    try {
      const { outcome } = await this.handle({ headers: request.headers, body: await request.arrayBuffer() }, work);
      if (outcome !== 'underWay') return new Response(null, { status: 204 });
      return new Response(null, { status: 409, headers: { 'retry-after': UNDER_WAY_RETRY_SECONDS } });
    } catch (error) {
      if (error instanceof SignatureError) return new Response(error.message, { status: 401 });
      throw error;
    }
  }
}

function deliveryOf(id: string, { headers, body }: GivenCall): Delivery {
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  const name = headerOf(headers, 'carillon-job-name');
  return {
    ...{ id, text },
    scheduledFor: headerOf(headers, 'carillon-scheduled-for') ?? null,
    jobId: headerOf(headers, 'carillon-job-id') ?? null,
    jobName: name === undefined ? null : decoded(name),
    attempt: Number(headerOf(headers, 'carillon-attempt') ?? 1),
    json: () => JSON.parse(text) as unknown,
  };
}

/** Names may hold what no header can, and so come percent-encoded. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
