import type { JobState } from '../domain/job.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { SqlValue } from './database.js';

export interface JobSort {
  readonly by: 'name' | 'createdAt' | 'nextRunAt';
  readonly descending: boolean;
}

/**
 * A job's place in a sorted list: its name, or its next run as epoch milliseconds, or null where the id alone orders. Ids
 * carry the time of creation, so theirs is that order.
 */
export interface JobPosition {
  readonly value: string | Instant | null;
  readonly id: string;
}

export interface JobFilter {
  readonly state: JobState | null;
  /** All of them must be there. */
  readonly labels: Readonly<Record<string, string>> | null;
  readonly text: string | null;
}

/** Rows of a list that one index holds in its order. Jobs without a next run come last, in both directions. */
export type Section = 'values' | 'nulls';

export interface Query {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

/** Rows that are asked for at once, whatever a page has: each size is a statement of its own. */
const PAGES = [21, 51, 201];
export const LARGEST_PAGE = 201;

/** As the index has it: a paused job's `next_run_at` is the end of its pause, not a run. */
const NEXT_RUN = `(CASE WHEN t.state = 'active' THEN t.next_run_at END)`;
/** As the index has it. */
const SEARCHED = `lower(j.name || ' ' || j.description || ' ' || coalesce(j.target->>'url', ''))`;

const TABLE = { j: 'jobs', t: 'job_states' } as const;
const JOIN = { j: 'JOIN job_states t ON t.job_id = j.id', t: 'JOIN jobs j ON j.id = t.job_id' } as const;

/** The statements over one section of one list. `j` is a job's definition, `t` its state; one of them has the order. */
export class JobListSql {
  private readonly ordering: 'j' | 't';
  private readonly id: string;
  private readonly value: string;

  constructor(
    private readonly projectId: string,
    private readonly sort: JobSort,
    private readonly filter: JobFilter,
    private readonly section: Section,
    private readonly after: JobPosition | null,
  ) {
    const isById = sort.by === 'createdAt' || section === 'nulls';
    this.ordering = sort.by === 'nextRunAt' || (isById && isInactive(filter.state)) ? 't' : 'j';
    this.id = this.ordering === 't' ? 't.job_id' : 'j.id';
    this.value = isById ? 'NULL' : sort.by === 'name' ? 'j.name' : NEXT_RUN;
  }

  from(after: JobPosition): JobListSql {
    return new JobListSql(this.projectId, this.sort, this.filter, this.section, after);
  }

  /** Whether the index that orders the list also knows the filter. */
  get isOrdered(): boolean {
    const { state, labels, text } = this.filter;
    return labels === null && text === null && (state === null || (isInactive(state) && this.ordering === 't'));
  }

  /** Whether an index finds the matches; the trigrams of a text are three letters or digits in a row. */
  get hasIndex(): boolean {
    const { state, labels, text } = this.filter;
    return isInactive(state) || labels !== null || (text !== null && /[\p{L}\p{N}]{3}/u.test(text));
  }

  /** The first rows, where no filter is left to apply. */
  ordered(limit: number): Query {
    const values = new Values();
    return { text: this.firstRows(values, values.add(limit)), values: values.list };
  }

  /**
   * `ordered` for many lists at once, which differ in their values alone: one row of values for each, as lists of texts, in the
   * place of each of `values`. Answers the number of the row (`nr`) beside each of at least `limit` rows.
   */
  orderedOfMany(limit: number): Query {
    const values = new Values((nr) => `q.v${nr}`);
    const rows = this.firstRows(values, String(PAGES.find((size) => size >= limit) ?? limit));
    const numbers = values.list.map((_value, index) => index + 1);
    const text = `
      SELECT q.nr, page.id, page.value
      FROM unnest(${numbers.map((nr) => `$${nr}::text[]`).join(', ')})
             WITH ORDINALITY AS q (${numbers.map((nr) => `v${nr}`).join(', ')}, nr),
           LATERAL (${rows}) page`;
    return { text, values: values.list };
  }

  private firstRows(values: Values, limit: string): string {
    return `
      SELECT ${this.id} AS id, ${this.value} AS value FROM ${TABLE[this.ordering]} ${this.ordering}
      WHERE ${this.place(values)} ${this.orderBy()} LIMIT ${limit}`;
  }

  /** Of the first `size` rows those that match, and the last one of a full window. */
  window(size: number, limit: number): Query {
    const values = new Values();
    const one = this.ordering;
    const text = `
      SELECT id, value, hit, place FROM (
        SELECT ${this.id} AS id, ${this.value} AS value, ${this.matching(values)} AS hit, ${one}.place
        FROM (
          SELECT ${one}.*, row_number() OVER () AS place
          FROM (SELECT * FROM ${TABLE[one]} ${one} WHERE ${this.place(values)} ${this.orderBy()} LIMIT ${values.add(size)}) ${one}
        ) ${one} ${JOIN[one]}
      ) seen
      WHERE hit OR place = ${values.add(size)}
      ORDER BY place LIMIT ${values.add(limit + 1)}`;
    return { text, values: values.list };
  }

  /** The first of all matches. `total` says how many were found; `most` (null: all) is where the search ends. */
  matches(limit: number, most: number | null): Query {
    const values = new Values();
    const text = `
      WITH matches AS MATERIALIZED (
        SELECT ${this.id} AS id, ${this.value} AS value FROM ${TABLE[this.ordering]} ${this.ordering} ${JOIN[this.ordering]}
        WHERE ${this.place(values)} AND ${this.matching(values)} LIMIT ${values.add(most)}
      )
      SELECT id, value, true AS hit, (SELECT count(*) FROM matches) AS total
      FROM matches ORDER BY ${this.columns('value', 'id')} LIMIT ${values.add(limit)}`;
    return { text, values: values.list };
  }

  /** Rows of the ordering table that belong to this section, after the position. */
  private place(values: Values): string {
    const { state } = this.filter;
    const conditions = [`${this.ordering}.project_id = ${values.add(this.projectId)}::uuid`];
    // A constant, not a parameter: partial indexes are chosen by it.
    if (isInactive(state) && this.ordering === 't') conditions.push(`t.state = '${state}'`);
    else if (this.sort.by === 'nextRunAt')
      conditions.push(`${NEXT_RUN} IS ${this.section === 'nulls' ? '' : 'NOT '}NULL`);
    if (this.after !== null) conditions.push(this.beyond(this.after, values));
    return conditions.join(' AND ');
  }

  private beyond({ value, id }: JobPosition, values: Values): string {
    const than = this.sort.descending ? '<' : '>';
    if (value === null) return `${this.id} ${than} ${values.add(id)}::uuid`;
    if (typeof value === 'string') return `j.name ${than} ${values.add(value)}`;
    return `(${NEXT_RUN}, t.job_id) ${than} (${values.add(formatInstant(value))}::timestamptz, ${values.add(id)}::uuid)`;
  }

  private matching(values: Values): string {
    const { state, labels, text } = this.filter;
    const conditions: string[] = [];
    if (state !== null) conditions.push(`t.state = '${state}'`);
    if (labels !== null) conditions.push(`j.labels @> ${values.add(JSON.stringify(labels))}::jsonb`);
    if (text !== null) conditions.push(`${SEARCHED} LIKE lower(${values.add(`%${escapeLike(text)}%`)})`);
    return `(${conditions.join(' AND ')})`;
  }

  private orderBy(): string {
    return `ORDER BY ${this.columns(this.value, this.id)}`;
  }

  private columns(value: string, id: string): string {
    // Names are unique, so that their own index is the list's order.
    const columns = this.value === 'NULL' ? [id] : this.sort.by === 'name' ? [value] : [value, id];
    return columns.map((column) => `${column} ${this.sort.descending ? 'DESC' : 'ASC'}`).join(', ');
  }
}

/** Has no next run, and an index of its own. */
export function isInactive(state: JobState | null): state is Exclude<JobState, 'active'> {
  return state !== null && state !== 'active';
}

/** Parameters of a statement, numbered as they come. */
class Values {
  readonly list: SqlValue[] = [];

  constructor(private readonly nameOf = (nr: number): string => `$${nr}`) {}

  add(value: SqlValue): string {
    this.list.push(value);
    return this.nameOf(this.list.length);
  }
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
