import { z } from 'zod';
import { Problem } from '../../domain/errors.js';

export const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 50;
const MAX_CURSOR_LENGTH = 2_000;

const WHOLE_NUMBER = /^\d{1,9}$/;

/** A whole number in a query. */
export function countParameter(least: number, most: number, byDefault: number) {
  return z
    .string()
    .optional()
    .transform((text, context) => {
      if (text === undefined) return byDefault;
      const count = WHOLE_NUMBER.test(text) ? Number(text) : NaN;
      if (count >= least && count <= most) return count;
      const message = `is not a whole number from ${least} to ${most}`;
      context.addIssue({
        code: 'custom',
        message,
        params: { code: Number.isNaN(count) ? 'invalid_type' : 'out_of_range' },
      });
      return z.NEVER;
    })
    .meta({ type: 'integer', minimum: least, maximum: most, default: byDefault });
}

export const pageParameters = {
  limit: countParameter(1, MAX_LIMIT, DEFAULT_LIMIT).meta({ description: 'Rows in a page' }),
  cursor: z
    .string()
    .max(MAX_CURSOR_LENGTH)
    .optional()
    .meta({ description: '`page.nextCursor` of the page before; the other parameters must be the same as there' }),
};

export const PageInfo = z
  .strictObject({ nextCursor: z.string().nullable().meta({ description: 'Null on the last page', example: null }) })
  .meta({ id: 'PageInfo' });

export interface Page<Row> {
  readonly data: Row[];
  readonly page: { readonly nextCursor: string | null };
}

/** Where a page ended. `scope` is what it is a page of: a cursor says nothing for another list. */
export function encodeCursor(scope: unknown, key: readonly unknown[]): string {
  return Buffer.from(JSON.stringify([fingerprint(scope), ...key]), 'utf8').toString('base64url');
}

/** The key of a cursor for the same scope; a 400 otherwise. */
export function decodeCursor<Key>(cursor: string, scope: unknown, key: z.ZodType<Key>): Key {
  const parsed = key.safeParse(readCursor(cursor, fingerprint(scope)));
  if (parsed.success) return parsed.data;
  const detail = 'is not a cursor of this list; take page.nextCursor as it is and leave the other parameters alone';
  throw new Problem('invalid_parameter', `the request is not valid: /cursor ${detail}`, [
    { pointer: '/cursor', code: 'invalid_cursor', detail },
  ]);
}

function readCursor(cursor: string, expected: string): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(value) && value[0] === expected ? value.slice(1) : null;
  } catch {
    return null;
  }
}

/** 32 bits are enough to catch a mistake; nobody gains by forging one. FNV-1a. */
function fingerprint(scope: unknown): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(JSON.stringify(scope), 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(36);
}

/** `Link` of the next page (RFC 8288): the same request with the next cursor, relative to this one. */
export function nextLink(url: string, nextCursor: string): string {
  const [path = '', query = ''] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', nextCursor);
  return `<${path}?${parameters.toString()}>; rel="next"`;
}

/** What handlers use of the server's request and answer. */
export interface HttpRequest {
  readonly url: string;
}
export interface HttpReply {
  header(name: string, value: string): unknown;
  status(code: number): unknown;
}

/** JSON that is text already. */
export function answerText(text: string, reply: HttpReply): string {
  reply.header('content-type', 'application/json; charset=utf-8');
  return text;
}

export function linkNext(request: HttpRequest, reply: HttpReply, page: Page<unknown>): void {
  if (page.page.nextCursor !== null) reply.header('link', nextLink(request.url, page.page.nextCursor));
}
