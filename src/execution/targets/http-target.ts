import { Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Agent } from 'undici';
import { SECRET_MASK } from '../../domain/target-secrets.js';
import { newMarks } from './call-marks.js';
import { EgressBlockedError, EgressGuard } from './egress-guard.js';
import type { Cancellation } from './cancellation.js';
import { Exchange, MAX_INFORMATIONAL } from './exchange.js';
import type { Failure, WholeAnswer } from './exchange.js';
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

/** Kept of an answer's body, in bytes. */
export const EXCERPT_BYTES = 2_048;

const MAX_HEADERS_SHOWN = 50;
const MAX_HEADER_SHOWN = 1_000;

const BABBLED = `more than ${MAX_INFORMATIONAL} informational answers (1xx) and no final one`;

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
   * One call. Never throws; `cancellation`, which is this call's own, ends it from outside. The whole of it, body included,
   * ends within `timeoutMs`. What it answers holds none of the request's secrets. `marks` are set as it goes on.
   */
  async call(outgoing: TargetRequest, cancellation: Cancellation, marks = newMarks()): Promise<Answer> {
    const redaction = new Redaction(outgoing.secrets ?? []);
    // A secret that the end of the excerpt cuts must be seen whole to be found.
    const answer = await this.ask(outgoing, cancellation, EXCERPT_BYTES + redaction.longest, marks);
    if (answer.kind !== 'whole')
      return 'message' in answer ? { ...answer, message: redaction.text(answer.message) } : answer;
    const { status, body, retryAfter, headers } = answer;
    const bodyExcerpt = excerptOf(redaction.bytes(body));
    return { kind: 'answered', status, bodyExcerpt, retryAfter, headers: () => shownHeaders(headers, redaction) };
  }

  /** The same, with the first `keepBytes` of the answer's body as they came. */
  ask(
    outgoing: TargetRequest,
    cancellation: Cancellation,
    keepBytes: number,
    marks = newMarks(),
  ): Promise<WholeAnswer | NoAnswer> {
    if (cancellation.isRequested) return Promise.resolve({ kind: 'aborted' });
    return new Promise((resolve) => {
      // For this call alone: nobody else may use its connection, and the key is not kept.
      let ownAgent: Agent | null = null;
      const end = (answer: WholeAnswer | NoAnswer): void => {
        marks.doneAtMs = performance.now();
        clearTimeout(timer);
        cancellation.listen(null);
        void ownAgent?.destroy().catch(() => undefined);
        resolve(answer);
      };
      const exchange = new Exchange(keepBytes, marks, (outcome) =>
        end(outcome.kind === 'whole' ? outcome : describe(outcome)),
      );
      const abandon = (kind: 'timedOut' | 'aborted'): void => {
        exchange.abandon();
        end({ kind });
      };
      const timer = setTimeout(abandon, outgoing.timeoutMs, 'timedOut' as const);
      cancellation.listen(() => abandon('aborted'));
      try {
        ownAgent = outgoing.certificate === undefined ? null : agentWith(this.guard.connector(outgoing.certificate));
        const { origin, pathname, search } = new URL(outgoing.url);
        const agent = ownAgent ?? this.agent;
        const { method, headers, body } = outgoing;
        const path = pathname + search;
        this.guard.marking(marks, () => agent.dispatch({ origin, path, method, headers, body }, exchange));
      } catch (error) {
        end(describe({ kind: 'error', error }));
      }
    });
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

function describe(failure: Failure): NoAnswer {
  if (failure.kind === 'babbled') return { kind: 'unreachable', code: 'bad_answer', message: BABBLED };
  const { error } = failure;
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
