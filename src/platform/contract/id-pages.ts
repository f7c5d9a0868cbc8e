import { z } from 'zod';
import { decodeCursor, encodeCursor } from './page.js';
import type { Page } from './page.js';

interface Asked {
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** A page of rows in the order of their ids. `read` answers up to `limit` rows after an id. */
export async function pageById<Row extends { readonly id: string }>(
  { cursor, limit }: Asked,
  scope: readonly unknown[],
  read: (afterId: string | null, limit: number) => Promise<Row[]>,
): Promise<Page<Row>> {
  const afterId = cursor === undefined ? null : decodeCursor(cursor, scope, z.tuple([z.guid()]))[0];
  const rows = await read(afterId, limit + 1);
  const data = rows.slice(0, limit);
  const last = rows.length > limit ? data.at(-1) : undefined;
  return { data, page: { nextCursor: last === undefined ? null : encodeCursor(scope, [last.id]) } };
}
