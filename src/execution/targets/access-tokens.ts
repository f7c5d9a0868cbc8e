import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { TargetAuth } from '../../domain/job.js';
import { HttpTarget } from './http-target.js';
import { Cancellation } from './cancellation.js';
import type { WholeAnswer } from './exchange.js';
import type { NoAnswer } from './http-target.js';
import { Redaction } from './redaction.js';
import { basicCredentials } from './request.js';
import type { TargetRequest } from './request.js';

export type OAuth2 = Extract<TargetAuth, { type: 'oauth2' }>;

/** Who asks for a token: credentials of one project never give a token to another. */
export interface TokenHolder {
  readonly projectId: string;
  readonly auth: OAuth2;
}

const REQUEST_TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 65_536;
const MAX_ENTRIES = 1_000;
/** An answer that does not say how long its token lives: RFC 6749, 5.1 leaves that to us. */
const DEFAULT_LIFETIME_SECONDS = 300;
const MAX_LIFETIME_SECONDS = 86_400;
/** Before its end a token is renewed, so that none ends on its way. */
const MARGIN_MS = 30_000;

const TokenAnswer = z.object({
  access_token: z
    .string()
    .max(16_000)
    .regex(/^[\x21-\x7e]+$/),
  token_type: z
    .string()
    .regex(/^bearer$/i)
    .optional(),
  expires_in: z.coerce.number().positive().optional().catch(undefined),
});

interface Entry {
  readonly token: Promise<string | NoAnswer>;
  /** On the monotonic clock; Infinity until the token is here. */
  usableUntilMs: number;
}

/**
 * Access tokens by client credentials (RFC 6749, 4.4), kept by this replica until shortly before they end. The token endpoint is
 * called as a target is: through the egress guard, limited in time and size.
 */
@Injectable()
export class AccessTokens {
  /** By a hash of all that they were got with, so that changed credentials never find an old token. */
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly target: HttpTarget) {}

  /** Waits up to `timeoutMs`. Never throws; calls of one moment share one request, which goes on when one of them ends. */
  async get(holder: TokenHolder, signal: AbortSignal, timeoutMs: number): Promise<string | NoAnswer> {
    if (signal.aborted) return { kind: 'aborted' };
    const { token } = this.entryOf(holder);
    const enough = new AbortController();
    const until = AbortSignal.any([signal, enough.signal]);
    const waiting = sleep(timeoutMs, { kind: 'timedOut' } as const, { signal: until }).catch(
      () => ({ kind: 'aborted' }) as const,
    );
    try {
      return await Promise.race([token, waiting]);
    } finally {
      enough.abort();
    }
  }

  /** This token is not to be used again: the target did not accept it. */
  async forget(holder: TokenHolder, token: string): Promise<void> {
    const key = keyOf(holder);
    const entry = this.entries.get(key);
    // Another call may have renewed it meanwhile.
    if (entry !== undefined && entry.usableUntilMs !== Infinity && (await entry.token) === token) this.drop(key, entry);
  }

  private entryOf(holder: TokenHolder): Entry {
    const key = keyOf(holder);
    const known = this.entries.get(key);
    if (known !== undefined && known.usableUntilMs > performance.now()) return known;
    const entry: Entry = {
      token: this.request(holder.auth, (lifetimeMs) => this.keep(entry, lifetimeMs)),
      usableUntilMs: Infinity,
    };
    this.entries.delete(key);
    this.entries.set(key, entry);
    const [oldest] = this.entries.keys();
    if (this.entries.size > MAX_ENTRIES && oldest !== undefined) this.entries.delete(oldest);
    void entry.token.then((token) => {
      if (typeof token !== 'string') this.drop(key, entry);
    });
    return entry;
  }

  private keep(entry: Entry, lifetimeMs: number): void {
    entry.usableUntilMs = performance.now() + lifetimeMs - Math.min(MARGIN_MS, lifetimeMs / 4);
  }

  private drop(key: string, entry: Entry): void {
    if (this.entries.get(key) === entry) this.entries.delete(key);
  }

  private async request(auth: OAuth2, keep: (lifetimeMs: number) => void): Promise<string | NoAnswer> {
    const answer = await this.target.ask(tokenRequest(auth), new Cancellation(), MAX_ANSWER_BYTES);
    const token = answer.kind === 'whole' ? readToken(answer) : failure(answer);
    if ('kind' in token) return redacted(token, auth);
    keep(token.lifetimeMs);
    return token.text;
  }
}

function keyOf({ projectId, auth }: TokenHolder): string {
  const { tokenUrl, clientId, clientSecret, scope, audience, credentialsIn } = auth;
  const all = [projectId, tokenUrl, clientId, clientSecret, scope ?? null, audience ?? null, credentialsIn];
  return createHash('sha256').update(JSON.stringify(all)).digest('base64');
}

function tokenRequest({ tokenUrl, clientId, clientSecret, scope, audience, credentialsIn }: OAuth2): TargetRequest {
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (scope !== undefined) form.set('scope', scope);
  if (audience !== undefined) form.set('audience', audience);
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  };
  if (credentialsIn === 'body') {
    form.set('client_id', clientId);
    form.set('client_secret', clientSecret);
    // RFC 6749, 2.3.1: each is encoded as in a form before they are joined.
  } else headers['authorization'] = basicCredentials(formEncoded(clientId), formEncoded(clientSecret));
  return { method: 'POST', url: tokenUrl, headers, body: form.toString(), timeoutMs: REQUEST_TIMEOUT_MS };
}

function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

function readToken({ status, body }: WholeAnswer): { text: string; lifetimeMs: number } | NoAnswer {
  const json = parseJson(body.toString('utf8'));
  if (status !== 200) {
    const { error } = (json ?? {}) as { error?: unknown };
    // RFC 6749, 5.2: the kind of the error. Nothing else of the answer is repeated.
    const kind = typeof error === 'string' && /^[a-z_]{1,50}$/.test(error) ? ` (${error})` : '';
    return failed(`the token endpoint answered ${status}${kind}`);
  }
  const read = TokenAnswer.safeParse(json);
  if (!read.success) return failed('the token endpoint answered without a bearer token (RFC 6749, 5.1)');
  const { access_token: text, expires_in: seconds = DEFAULT_LIFETIME_SECONDS } = read.data;
  return { text, lifetimeMs: Math.min(seconds, MAX_LIFETIME_SECONDS) * 1_000 };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function failure(answer: NoAnswer): NoAnswer {
  switch (answer.kind) {
    case 'timedOut':
      return failed(`the token endpoint gave no answer within ${REQUEST_TIMEOUT_MS} ms`);
    case 'unreachable':
      return failed(`the token endpoint: ${answer.message}`);
    case 'refused':
      return { ...answer, message: `the token endpoint: ${answer.message}` };
    case 'aborted':
      return answer;
  }
}

function failed(message: string): NoAnswer {
  return { kind: 'unreachable', code: 'token_request_failed', message };
}

function redacted(answer: NoAnswer, auth: OAuth2): NoAnswer {
  return 'message' in answer ? { ...answer, message: new Redaction([auth.clientSecret]).text(answer.message) } : answer;
}
