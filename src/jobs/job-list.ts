import { z } from 'zod';
import type { JobListRepository } from '../persistence/job-list.repository.js';
import type { JobPosition, JobSort } from '../persistence/job-list-sql.js';
import { decodeCursor, encodeCursor } from '../platform/contract/page.js';
import type { Page } from '../platform/contract/page.js';
import type { JobListQuery } from './job.schemas.js';

const Id = z.guid();
const At = z.int().min(0).max(253_402_300_799_999);
const NameText = z.string().regex(/^[^\p{Cc}\p{Cs}]*$/u);

const POSITIONS: { readonly [By in JobSort['by']]: z.ZodType<JobPosition> } = {
  name: z.tuple([NameText, Id]).transform(([value, id]) => ({ value, id })),
  createdAt: z.tuple([z.null(), Id]).transform(([value, id]) => ({ value, id })),
  nextRunAt: z.tuple([At.nullable(), Id]).transform(([value, id]) => ({ value, id })),
};

/** The ids of one page, and the cursor of the next. A cursor belongs to its sort and filters; the limit may change on the way. */
export async function listJobs(
  lists: JobListRepository,
  projectId: string,
  query: JobListQuery,
): Promise<Page<string>> {
  const sort = sortOf(query.sort);
  const labels = labelsOf(query.label);
  // A job has one value for a name: none matches two.
  if (labels === 'contradiction') return { data: [], page: { nextCursor: null } };
  const filter = { state: query.state ?? null, labels, text: query.q ?? null };
  const scope = ['jobs', projectId, query.sort, filter];
  const after = query.cursor === undefined ? null : decodeCursor(query.cursor, scope, POSITIONS[sort.by]);
  const { ids, next } = await lists.page(projectId, { filter, sort, after, limit: query.limit });
  return { data: ids, page: { nextCursor: next === null ? null : encodeCursor(scope, [next.value, next.id]) } };
}

function sortOf(sort: JobListQuery['sort']): JobSort {
  const descending = sort.startsWith('-');
  return { by: (descending ? sort.slice(1) : sort) as JobSort['by'], descending };
}

export function labelsOf(pairs: readonly string[]): Readonly<Record<string, string>> | 'contradiction' | null {
  if (pairs.length === 0) return null;
  const labels = new Map<string, string>();
  for (const pair of pairs) {
    const colon = pair.indexOf(':');
    const [name, value] = [pair.slice(0, colon), pair.slice(colon + 1)];
    if ((labels.get(name) ?? value) !== value) return 'contradiction';
    labels.set(name, value);
  }
  return Object.fromEntries(labels);
}
