import { Injectable } from '@nestjs/common';
import type { JobState } from '../domain/job.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Database } from './database.js';
import type { SqlValue } from './database.js';
import { JOB_COLUMNS, JOB_TABLES, STATS_COLUMNS, storedJobOf } from './job-rows.js';
import type { JobRow, StoredJob } from './job-rows.js';

export interface JobSort {
  readonly by: 'name' | 'createdAt' | 'nextRunAt';
  readonly descending: boolean;
}

/** A job's place in a sorted list: its sort value (an instant as epoch milliseconds) and its id. */
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

export interface JobPageRequest {
  readonly filter: JobFilter;
  readonly sort: JobSort;
  readonly after: JobPosition | null;
  readonly limit: number;
}

export interface JobPage {
  readonly jobs: StoredJob[];
  /** Where the next page starts; null on the last one. */
  readonly next: JobPosition | null;
}

/** Rows looked at in list order before an index of the filter is asked: enough for every filter that is not rare. */
const FIRST_WINDOW = 2_000;
/** Matches that are sorted at once; when there are more, they are likely to be met in list order. */
const FEW_MATCHES = 10_000;
/** Rows looked at in list order when there are not few matches, and at most by one request when no index tells. */
const LAST_WINDOW = 20_000;

/** A paused job's `next_run_at` is the end of its pause, not a run. */
const NEXT_RUN = `(CASE WHEN t.state = 'active' THEN t.next_run_at END)`;

const SEARCHED = `lower(j.name || ' ' || j.description || ' ' || coalesce(j.target->>'url', ''))`;

const FETCH = {
  name: 'jobs-fetch',
  text: `
    SELECT ${JOB_COLUMNS}, ${STATS_COLUMNS}
    FROM ${JOB_TABLES}
    WHERE j.project_id = $1 AND j.id = ANY ($2::uuid[])`,
};

/** A run of rows that one index holds in list order. Rows without a next run form the last one, in both directions. */
type Section = 'values' | 'nulls';

interface Found {
  readonly positions: readonly JobPosition[];
  /** The last row looked at, when rows after it have not been. */
  readonly stoppedAt: JobPosition | null;
}

/**
 * Lists of jobs by keyset. Pages cost about the same, whatever the filter matches and however many jobs there are: common
 * matches are met by walking the list's own index, rare ones come from the filter's. Where no index knows the filter (one
 * or two letters, active jobs among very many others), a walk that finds too little stops and answers a short page with
 * a cursor.
 */
@Injectable()
export class JobListRepository {
  constructor(private readonly database: Database) {}

  async page(projectId: string, request: JobPageRequest): Promise<JobPage> {
    const { positions, stoppedAt } = await this.positions(projectId, request);
    const shown = positions.slice(0, request.limit);
    const next = positions.length > request.limit ? (shown.at(-1) ?? null) : stoppedAt;
    return { jobs: await this.fetch(projectId, shown), next };
  }

  private async fetch(projectId: string, positions: readonly JobPosition[]): Promise<StoredJob[]> {
    if (positions.length === 0) return [];
    const rows = await this.database.rows<JobRow>(FETCH, [projectId, positions.map(({ id }) => id)]);
    const byId = new Map(rows.map((row) => [row.id, storedJobOf(row)]));
    return positions.flatMap(({ id }) => byId.get(id) ?? []);
  }

  /** One position more than the limit shows that there is another page. */
  private async positions(projectId: string, request: JobPageRequest): Promise<Found> {
    const positions: JobPosition[] = [];
    let { after } = request;
    for (const section of sectionsOf(request)) {
      const missing = request.limit + 1 - positions.length;
      const found = await this.section(new ListSql(projectId, request, section, after), missing);
      positions.push(...found.positions);
      if (positions.length > request.limit || found.stoppedAt !== null)
        return { positions, stoppedAt: found.stoppedAt };
      after = null;
    }
    return { positions, stoppedAt: null };
  }

  private async section(sql: ListSql, wanted: number): Promise<Found> {
    if (!sql.needsSearch) return complete(await this.read(sql.ordered(wanted)));
    const near = await this.window(sql, FIRST_WINDOW, wanted);
    if (near.positions.length >= wanted || near.stoppedAt === null) return near;
    if (sql.hasIndex) {
      const few = await this.read(sql.matches(wanted, FEW_MATCHES + 1));
      if ((few[0]?.total ?? 0) <= FEW_MATCHES) return complete(few);
    }
    const far = await this.window(sql.from(near.stoppedAt), LAST_WINDOW, wanted - near.positions.length);
    const found = { positions: [...near.positions, ...far.positions], stoppedAt: far.stoppedAt };
    if (found.positions.length >= wanted || found.stoppedAt === null || !sql.hasIndex) return found;
    // Many matches, and all of them far from here: dear, but the next page starts among them.
    return complete(await this.read(sql.matches(wanted, null)));
  }

  private async window(sql: ListSql, size: number, wanted: number): Promise<Found> {
    const rows = await this.read(sql.window(size, wanted));
    const positions = rows.filter(({ hit }) => hit).slice(0, wanted);
    const last = rows.at(-1);
    const isCut = positions.length < wanted && last?.place === size;
    return { positions, stoppedAt: isCut ? { value: last.value, id: last.id } : null };
  }

  private read({ text, values }: Query): Promise<ListRow[]> {
    // Not prepared: which index is right depends on what is looked for.
    return this.database.rows<ListRow>({ name: '', text }, values);
  }
}

type ListRow = JobPosition & { readonly hit: boolean; readonly place: number; readonly total: number };

interface Query {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

function complete(positions: readonly JobPosition[]): Found {
  return { positions, stoppedAt: null };
}

function sectionsOf({ sort, filter, after }: JobPageRequest): Section[] {
  if (sort.by !== 'nextRunAt') return ['values'];
  // What isn't active has no next run.
  if ((filter.state !== null && filter.state !== 'active') || (after !== null && after.value === null))
    return ['nulls'];
  return ['values', 'nulls'];
}

/** Has no next run, and partial indexes of its own in every order. */
function isInactive(state: JobState | null): state is Exclude<JobState, 'active'> {
  return state !== null && state !== 'active';
}

/** The statements over one section of one list. */
class ListSql {
  private readonly key: string;
  private readonly idKey: string;
  /** The list's own table comes first: its index is the list's order. */
  private readonly sides: readonly ('j' | 't')[];

  constructor(
    private readonly projectId: string,
    private readonly request: JobPageRequest,
    private readonly section: Section,
    private readonly after: JobPosition | null,
  ) {
    const { by } = request.sort;
    this.key = by === 'name' ? 'j.name' : by === 'createdAt' ? 'j.created_at' : NEXT_RUN;
    this.idKey = by === 'nextRunAt' ? 't.job_id' : 'j.id';
    const { state, labels, text } = request.filter;
    const needsStates = by === 'nextRunAt' || state !== null;
    const needsDefinitions = by !== 'nextRunAt' || labels !== null || text !== null;
    this.sides = [...(needsDefinitions ? ['j' as const] : []), ...(needsStates ? ['t' as const] : [])];
  }

  from(after: JobPosition): ListSql {
    return new ListSql(this.projectId, this.request, this.section, after);
  }

  private get tables(): string {
    if (this.sides.length === 2) return 'jobs j JOIN job_states t ON t.job_id = j.id';
    return this.sides[0] === 't' ? 'job_states t' : 'jobs j';
  }

  get needsSearch(): boolean {
    const { state, labels, text } = this.request.filter;
    return state === 'active' || labels !== null || text !== null;
  }

  /** Whether an index of the filter finds its matches; the trigrams of a text are three letters or digits in a row. */
  get hasIndex(): boolean {
    const { labels, text } = this.request.filter;
    return labels !== null || (text !== null && /[\p{L}\p{N}]{3}/u.test(text));
  }

  ordered(limit: number): Query {
    const values = new Values();
    const where = this.place(values);
    return {
      text: `SELECT ${this.idKey} AS id, ${this.key} AS value FROM ${this.tables} WHERE ${where} ${this.orderBy(this.key, this.idKey)} LIMIT ${values.add(limit)}`,
      values: values.list,
    };
  }

  /** The first `size` rows of the section: those that match, and the last one of a full window. */
  window(size: number, limit: number): Query {
    const values = new Values();
    const text = `
      SELECT id, value, hit, place FROM (
        SELECT id, value, hit, row_number() OVER () AS place
        FROM (SELECT ${this.idKey} AS id, ${this.key} AS value, ${this.filter(values)} AS hit FROM ${this.tables}
              WHERE ${this.place(values)} ${this.orderBy(this.key, this.idKey)} LIMIT ${values.add(size)}) near
      ) seen
      WHERE hit OR place = ${values.add(size)}
      ORDER BY place LIMIT ${values.add(limit + 1)}`;
    return { text, values: values.list };
  }

  /** The first matches by the filter's own index; `total` says how many of them were looked at, `most` (null: all) at most. */
  matches(limit: number, most: number | null): Query {
    const values = new Values();
    const text = `
      WITH matches AS MATERIALIZED (
        SELECT j.id, ${this.key} AS value FROM jobs j
        WHERE ${this.place(values)} AND ${this.filter(values)} LIMIT ${values.add(most)}
      )
      SELECT id, value, true AS hit, (SELECT count(*) FROM matches) AS total
      FROM matches ${this.orderBy('value', 'id')} LIMIT ${values.add(limit)}`;
    return { text, values: values.list };
  }

  /** Rows of this section after the position. */
  private place(values: Values): string {
    const project = values.add(this.projectId);
    const conditions = this.sides.map((side) => `${side}.project_id = ${project}`);
    if (this.request.sort.by === 'nextRunAt')
      conditions.push(`${this.key} IS ${this.section === 'nulls' ? '' : 'NOT '}NULL`);
    if (this.after !== null) conditions.push(this.beyond(this.after, values));
    return conditions.join(' AND ');
  }

  private beyond({ value, id }: JobPosition, values: Values): string {
    const than = this.request.sort.descending ? '<' : '>';
    if (value === null) return `${this.idKey} ${than} ${values.add(id)}::uuid`;
    if (typeof value === 'string') return `j.name ${than} ${values.add(value)}`;
    return `(${this.key}, ${this.idKey}) ${than} (${values.add(formatInstant(value))}::timestamptz, ${values.add(id)}::uuid)`;
  }

  private filter(values: Values): string {
    const { state, labels, text } = this.request.filter;
    const conditions: string[] = [];
    // A constant, not a parameter: partial indexes are chosen by it.
    if (state !== null) conditions.push(`t.state = '${state}'`);
    if (labels !== null) conditions.push(`j.labels @> ${values.add(JSON.stringify(labels))}::jsonb`);
    if (text !== null) conditions.push(`${SEARCHED} LIKE lower(${values.add(`%${escapeLike(text)}%`)})`);
    return `(${conditions.join(' AND ')})`;
  }

  private orderBy(value: string, id: string): string {
    const { by, descending } = this.request.sort;
    // Names are unique, so that their own index is the list's order; without a value the id alone orders.
    const columns = by === 'name' ? [value] : this.section === 'nulls' ? [id] : [value, id];
    return `ORDER BY ${columns.map((column) => `${column} ${descending ? 'DESC' : 'ASC'}`).join(', ')}`;
  }
}

/** Parameters of a statement, numbered as they come. */
class Values {
  readonly list: SqlValue[] = [];

  add(value: SqlValue): string {
    this.list.push(value);
    return `$${this.list.length}`;
  }
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
