import { CarillonError } from './errors.js';

/** The bytes of a body as they came: parsed and written again they are others. */
export type RawBody = string | Uint8Array | ArrayBuffer;
export type GivenHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

export type SecretKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

export type SignatureFault = 'missing_header' | 'invalid_timestamp' | 'too_old' | 'too_new' | 'no_matching_signature';

/** A call that is not, or no longer, one of the service. Answer it with 401 or 400, and do nothing. */
export class SignatureError extends CarillonError {
  override readonly name = 'SignatureError';

  constructor(
    readonly code: SignatureFault,
    message: string,
  ) {
    super(message);
  }
}

const PREFIX = 'whsec_';
const VERSION = 'v1,';
/** More than any sender has secrets; a header full of them is no reason to compute on. */
const MAX_SIGNATURES = 20;
/** HMAC-SHA-256 is no stronger than its key. */
const MIN_SECRET_BYTES = 16;

/** One secret of a project (`whsec_…`), ready to verify with. */
export async function importSecret(secret: string): Promise<SecretKey> {
  const bytes = fromBase64(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret);
  if (bytes === null || bytes.length < MIN_SECRET_BYTES) {
    throw new TypeError(`a signing secret is "${PREFIX}" and at least ${MIN_SECRET_BYTES} bytes in base64`);
  }
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
}

/**
 * Standard Webhooks (https://www.standardwebhooks.com): one of the signatures of `webhook-signature` must be that of
 * `id.timestamp.body` by one of the keys. Several of either are there while a secret is being rotated.
 *
 * @throws SignatureError
 */
export async function verifySignature(
  keys: readonly SecretKey[],
  given: { readonly headers: GivenHeaders; readonly body: RawBody },
  { nowMs, toleranceMs }: { readonly nowMs: number; readonly toleranceMs: number },
): Promise<{ id: string; timestampMs: number }> {
  const id = required(given.headers, 'webhook-id');
  const timestamp = required(given.headers, 'webhook-timestamp');
  const signatures = signaturesOf(required(given.headers, 'webhook-signature'));
  const timestampMs = timely(timestamp, nowMs, toleranceMs);
  const head = new TextEncoder().encode(`${id}.${timestamp}.`);
  const signed = joined(head, bytesOf(given.body));
  for (const key of keys) {
    for (const signature of signatures) {
      // Compares in constant time.
      if (await crypto.subtle.verify('HMAC', key, signature, signed)) return { id, timestampMs };
    }
  }
  throw new SignatureError('no_matching_signature', 'no signature is by a secret that is known here');
}

/** The header's value, the first of several; undefined when it is not there. Names are in small letters. */
export function headerOf(headers: GivenHeaders, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const found = headers[name] ?? Object.entries(headers).find(([given]) => given.toLowerCase() === name)?.[1];
  return typeof found === 'string' ? found : found?.[0];
}

function required(headers: GivenHeaders, name: string): string {
  const value = headerOf(headers, name);
  if (value === undefined || value === '') throw new SignatureError('missing_header', `the header ${name} is missing`);
  return value;
}

function timely(timestamp: string, nowMs: number, toleranceMs: number): number {
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw new SignatureError('invalid_timestamp', 'webhook-timestamp is not a number of seconds');
  }
  const timestampMs = Number(timestamp) * 1_000;
  if (timestampMs < nowMs - toleranceMs) throw new SignatureError('too_old', 'it was signed too long ago');
  if (timestampMs > nowMs + toleranceMs) throw new SignatureError('too_new', 'it was signed in the future');
  return timestampMs;
}

function signaturesOf(header: string): Uint8Array<ArrayBuffer>[] {
  return header
    .split(' ')
    .slice(0, MAX_SIGNATURES)
    .flatMap((entry) => (entry.startsWith(VERSION) ? (fromBase64(entry.slice(VERSION.length)) ?? []) : []));
}

function bytesOf(body: RawBody): Uint8Array {
  if (typeof body === 'string') return new TextEncoder().encode(body);
  return body instanceof Uint8Array ? body : new Uint8Array(body);
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(head.length + tail.length);
  all.set(head);
  all.set(tail, head.length);
  return all;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}
