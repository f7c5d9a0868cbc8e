import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Agent, request } from 'undici';
import type { Dispatcher } from 'undici';
import { SECRET_MASK } from '../../domain/target-secrets.js';
import { newMarks } from './call-marks.js';
import type { CallMarks } from './call-marks.js';
import { EgressBlockedError, EgressGuard } from './egress-guard.js';
import { Redaction } from './redaction.js';
import type { TargetRequest } from './request.js';

/** What came of a call. */
export type Answer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly bodyExcerpt: string;
      readonly retryAfter: string | null;
      /** Its headers as people may see them. */
      readonly headers?: () => Record<string, string>;
    }
  | { readonly kind: 'unreachable'; readonly code: string; readonly message: string }
  | { readonly kind: 'timedOut' }
  | { readonly kind: 'aborted' }
  /** Not called at all, and never will be. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

export type NoAnswer = Exclude<Answer, { kind: 'answered' }>;

/** An answer as it came. */
export interface WholeAnswer {
  readonly kind: 'whole';
  readonly status: number;
  /** The first bytes of the body. */
  readonly body: Buffer;
  readonly retryAfter: string | null;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Kept of an answer's body, in bytes. */
export const EXCERPT_BYTES = 2_048;

/** Read of an answer so that its connection can serve again; a longer one costs the connection. */
const DRAIN_BYTES = 65_536;

const MAX_HEADERS_SHOWN = 50;
const MAX_HEADER_SHOWN = 1_000;

/** Informational answers (1xx) taken of one call: a target can send them without end, as fast as we read. */
const MAX_INFORMATIONAL = 100;

/** Tell our own limits from a cancellation. */
const TIMED_OUT = new Error('no complete answer in time');
const BABBLED = new Error(`more than ${MAX_INFORMATIONAL} informational answers (1xx) and no final one`);

const ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_reset',
  EPIPE: 'connection_reset',
  UND_ERR_SOCKET: 'connection_reset',
  ENOTFOUND: 'host_not_found',
  EAI_AGAIN: 'host_not_found',
  EHOSTUNREACH: 'host_unreachable',
  ENETUNREACH: 'host_unreachable',
  ETIMEDOUT: 'connect_timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  HPE_INVALID_CONSTANT: 'bad_answer',
};

/** Calls HTTP targets. Redirects are not followed: a 3xx is an answer like any other. */
@Injectable()
export class HttpTarget implements OnApplicationShutdown {
  private readonly agent: Agent;

  constructor(private readonly guard: EgressGuard) {
    this.agent = agentWith(guard.connector());
  }

  async onApplicationShutdown(): Promise<void> {
    await this.agent.destroy();
  }

  /**
   * One call. Never throws; `abort`, which is this call's own, ends it from outside. The whole of it, body included, ends
   * within `timeoutMs`. What it answers holds none of the request's secrets. `marks` are set as it goes on.
   */
  async call(outgoing: TargetRequest, abort: AbortController, marks = newMarks()): Promise<Answer> {
    const redaction = new Redaction(outgoing.secrets ?? []);
    // A secret that the end of the excerpt cuts must be seen whole to be found.
    const answer = await this.ask(outgoing, abort, EXCERPT_BYTES + redaction.longest, marks);
    if (answer.kind !== 'whole')
      return 'message' in answer ? { ...answer, message: redaction.text(answer.message) } : answer;
    const { status, body, retryAfter, headers } = answer;
    const bodyExcerpt = excerptOf(redaction.bytes(body));
    return { kind: 'answered', status, bodyExcerpt, retryAfter, headers: () => shownHeaders(headers, redaction) };
  }

  /** The same, with the first `keepBytes` of the answer's body as they came. */
  async ask(
    outgoing: TargetRequest,
    abort: AbortController,
    keepBytes: number,
    marks = newMarks(),
  ): Promise<WholeAnswer | NoAnswer> {
    if (abort.signal.aborted) return { kind: 'aborted' };
    const timer = setTimeout(() => abort.abort(TIMED_OUT), outgoing.timeoutMs);
    let ownAgent: Agent | null = null;
    try {
      // For this call alone: nobody else may use its connection, and the key is not kept.
      ownAgent = outgoing.certificate === undefined ? null : agentWith(this.guard.connector(outgoing.certificate));
      const response = await this.send(outgoing, abort, ownAgent ?? this.agent, marks);
      marks.firstByteAtMs = performance.now();
      const body = await readStart(response.body, keepBytes);
      const retryAfter = response.headers['retry-after'];
      return {
        kind: 'whole',
        status: response.statusCode,
        body,
        retryAfter: typeof retryAfter === 'string' ? retryAfter : null,
        headers: response.headers,
      };
    } catch (error) {
      return endedBy(abort.signal) ?? describe(error);
    } finally {
      marks.doneAtMs = performance.now();
      clearTimeout(timer);
      void ownAgent?.destroy().catch(() => undefined);
    }
  }

  private send(
    outgoing: TargetRequest,
    abort: AbortController,
    dispatcher: Dispatcher,
    marks: CallMarks,
  ): Promise<Dispatcher.ResponseData> {
    let informational = 0;
    const answered = this.guard.marking(marks, () =>
      request(outgoing.url, {
        method: outgoing.method,
        headers: outgoing.headers,
        body: outgoing.body,
        dispatcher,
        signal: abort.signal,
        onInfo: () => {
          informational += 1;
          if (informational > MAX_INFORMATIONAL) abort.abort(BABBLED);
        },
      }),
    );
    // undici heeds the signal once it is connected. Until then, a lookup or a handshake that does not end would keep us; the
    // request itself is not sent any more.
    return Promise.race([answered, whenAborted(abort.signal)]);
  }
}

function agentWith(connect: ReturnType<EgressGuard['connector']>): Agent {
  return new Agent({
    connect,
    // The executor bounds how many calls are under way, each with a time limit of its own: queueing for a connection
    // here would only use that up.
    connections: null,
    pipelining: 1,
    keepAliveTimeout: 10_000,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: 32_768,
  });
}

/** Only ever rejects. */
function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

/** Null when nothing ended the call from our side. */
function endedBy({ aborted, reason }: AbortSignal): NoAnswer | null {
  if (!aborted) return null;
  if (reason === BABBLED) return { kind: 'unreachable', code: 'bad_answer', message: BABBLED.message };
  return { kind: reason === TIMED_OUT ? 'timedOut' : 'aborted' };
}

/** The first bytes of a body; reads on a little so that the connection can be kept, then drops it. */
async function readStart(body: Readable, keepBytes: number): Promise<Buffer> {
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let readBytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    readBytes += chunk.length;
    if (keptBytes < keepBytes) {
      const part = chunk.subarray(0, keepBytes - keptBytes);
      // A copy: what is kept must not keep the whole chunk in memory.
      kept.push(Buffer.from(part));
      keptBytes += part.length;
    }
    if (readBytes > DRAIN_BYTES) break;
  }
  return Buffer.concat(kept);
}

/** What a target sets for later visits (`set-cookie`) lets in: nobody needs to see it. */
function shownHeaders(headers: WholeAnswer['headers'], redaction: Redaction): Record<string, string> {
  const shown = Object.entries(headers).slice(0, MAX_HEADERS_SHOWN);
  return Object.fromEntries(
    shown.map(([name, value]) => {
      const text = name === 'set-cookie' ? SECRET_MASK : redaction.text([value ?? []].flat().join(', '));
      return [name, text.slice(0, MAX_HEADER_SHOWN)];
    }),
  );
}

/** Postgres stores no NUL in text; a cut character at the end becomes U+FFFD. */
function excerptOf(bytes: Buffer): string {
  return bytes.subarray(0, EXCERPT_BYTES).toString('utf8').replaceAll('\0', '\uFFFD');
}

function describe(error: unknown): NoAnswer {
  if (error instanceof EgressBlockedError) return { kind: 'refused', code: 'egress_blocked', message: error.message };
  const { code, message, cause } = error as { code?: string; message?: string; cause?: unknown };
  if (cause instanceof EgressBlockedError) return { kind: 'refused', code: 'egress_blocked', message: cause.message };
  if (code === 'ERR_INVALID_URL' || code === 'UND_ERR_INVALID_ARG') {
    return { kind: 'refused', code: 'invalid_request', message: `the request can't be made: ${message ?? ''}` };
  }
  const known = code === undefined ? undefined : (ERRORS[code] ?? (isTls(code) ? 'tls' : undefined));
  const detail = (message ?? '') === '' ? String(code ?? error) : String(message);
  return { kind: 'unreachable', code: known ?? 'call_failed', message: detail.slice(0, 500) };
}

function isTls(code: string): boolean {
  return /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO)/.test(code);
}
