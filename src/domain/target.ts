import type { Fault } from './errors.js';
import type { HttpTarget } from './job.js';

export const MAX_URL_LENGTH = 2_048;

type Reason = Omit<Fault, 'pointer'>;

/** RFC 9110, 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;

/** RFC 9110, 5.5, in the bytes that HTTP/1.1 carries as they are: no line end, no NUL, nothing beyond Latin-1. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Belong to one connection (RFC 9110, 7.6.1) or are set by the HTTP client itself. */
const CONNECTION_HEADERS = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What the receiver trusts to come from Carillon. */
const OWN_HEADERS = /^(webhook|carillon)-/i;

/** Why a text can't be a target's URL; null when it can. Templates (`{{scheduledFor}}`) may stand in the query only. */
export function refuseUrl(text: string): Reason | null {
  if (text.length > MAX_URL_LENGTH)
    return { code: 'too_long', detail: `has ${text.length} characters; at most ${MAX_URL_LENGTH} are allowed` };
  // The URL parser drops these silently, so that what is stored would not be what is called.
  if (/[\x00-\x20\x7f]/.test(text)) return { code: 'invalid_url', detail: 'holds a space or a control character' };
  const url = parseUrl(text);
  if (url === null || url.hostname === '') {
    return { code: 'invalid_url', detail: 'is not an absolute URL such as https://example.com/hook' };
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return { code: 'invalid_url', detail: 'is not http or https' };
  }
  if (url.username !== '' || url.password !== '') {
    return { code: 'credentials_in_url', detail: 'holds a user name or password; put it in a secret header' };
  }
  const query = text.search(/[?#]/);
  if ((query === -1 ? text : text.slice(0, query)).includes('{{')) {
    return { code: 'invalid_url', detail: 'holds a template before the query; templates are filled in the query only' };
  }
  return null;
}

function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

/** Why a text can't name a header of a target; null when it can. */
export function refuseHeaderName(name: string): Reason | null {
  if (!TOKEN.test(name))
    return { code: 'invalid_header_name', detail: 'is not a header name of at most 100 characters' };
  if (CONNECTION_HEADERS.has(name.toLowerCase()))
    return { code: 'reserved_header', detail: 'is set by the connection' };
  if (OWN_HEADERS.test(name)) return { code: 'reserved_header', detail: 'is set by Carillon' };
  return null;
}

export function refuseHeaderText(text: string): Reason | null {
  if (FIELD_VALUE.test(text)) return null;
  return { code: 'invalid_header_value', detail: 'holds a character that a header can not carry' };
}

/** Whether a request of this target may carry a body. */
export function takesBody({ method }: Pick<HttpTarget, 'method'>): boolean {
  return method !== 'GET' && method !== 'HEAD';
}
