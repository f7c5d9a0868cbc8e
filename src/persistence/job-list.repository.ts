import { Injectable } from '@nestjs/common';
import { OneTurn } from '../platform/one-turn.js';
import { Database } from './database.js';
import type { SqlValue, Statement } from './database.js';
import { isInactive, JobListSql, LARGEST_PAGE } from './job-list-sql.js';
import type { JobFilter, JobPosition, JobSort, Query, Section } from './job-list-sql.js';

export interface JobPageRequest {
  readonly filter: JobFilter;
  readonly sort: JobSort;
  readonly after: JobPosition | null;
  readonly limit: number;
}

export interface JobPage {
  /** In the order of the list. */
  readonly ids: string[];
  /** Where the next page starts; null on the last one. */
  readonly next: JobPosition | null;
}

/** Rows looked at in list order before an index of the filter is asked: enough for every filter that is not rare. */
const FIRST_WINDOW = 2_000;
/** Matches that are sorted at once; when there are more, they are likely to be met in list order. */
const FEW_MATCHES = 10_000;
/** Rows looked at in list order when there are not few matches, and at most by one request when no index tells. */
const LAST_WINDOW = 20_000;

/** By one request that wants all matches: each walk looks at the windows above. */
const WALKS = 10;

interface Found {
  readonly positions: readonly JobPosition[];
  /** The last row looked at, when rows after it have not been. */
  readonly stoppedAt: JobPosition | null;
}

type ListRow = JobPosition & { readonly hit: boolean; readonly place: number; readonly total: number };

/**
 * Lists of jobs by keyset. Pages cost about the same, whatever the filter matches and however many jobs there are: common
 * matches are met by walking the list's own index, rare ones come from the filter's. Where no index knows the filter (one
 * or two letters, active jobs among very many others), a walk that finds too little stops and answers a short page with
 * a cursor. Says which jobs stand on a page; the jobs themselves are read apart.
 */
@Injectable()
export class JobListRepository {
  /** Those that wait for each statement, by its text: some dozens. */
  private readonly turns = new Map<string, OneTurn<readonly SqlValue[], ListRow[]>>();

  constructor(private readonly database: Database) {}

  async page(projectId: string, request: JobPageRequest): Promise<JobPage> {
    const { positions, stoppedAt } = await this.positions(projectId, request);
    const shown = positions.slice(0, request.limit);
    const next = positions.length > request.limit ? (shown.at(-1) ?? null) : stoppedAt;
    return { ids: shown.map(({ id }) => id), next };
  }

  /**
   * The ids of all jobs that match, the oldest first. `tooMany`: more than `most` do. `tooFar`: no index knows the filter, and
   * its matches lie too far apart to be sure of all of them.
   */
  async allIds(projectId: string, filter: JobFilter, most: number): Promise<string[] | 'tooMany' | 'tooFar'> {
    const ids: string[] = [];
    let after: JobPosition | null = null;
    for (let walks = 0; walks < WALKS; walks += 1) {
      const request = {
        filter,
        sort: { by: 'createdAt', descending: false },
        after,
        limit: most - ids.length,
      } as const;
      const { positions, stoppedAt }: Found = await this.positions(projectId, request);
      ids.push(...positions.map(({ id }) => id));
      if (ids.length > most) return 'tooMany';
      if (stoppedAt === null) return ids;
      after = stoppedAt;
    }
    return 'tooFar';
  }

  /** One position more than the limit shows that there is another page. */
  private async positions(projectId: string, { sort, filter, after, limit }: JobPageRequest): Promise<Found> {
    const positions: JobPosition[] = [];
    let start = after;
    for (const section of sectionsOf(sort, filter, after)) {
      const sql = new JobListSql(projectId, sort, filter, section, start);
      const found = await this.search(sql, limit + 1 - positions.length);
      positions.push(...found.positions);
      if (positions.length > limit || found.stoppedAt !== null) return { positions, stoppedAt: found.stoppedAt };
      start = null;
    }
    return { positions, stoppedAt: null };
  }

  private async search(sql: JobListSql, wanted: number): Promise<Found> {
    if (sql.isOrdered) return complete(await this.ordered(sql, wanted));
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

  private async window(sql: JobListSql, size: number, wanted: number): Promise<Found> {
    const rows = await this.read(sql.window(size, wanted));
    const positions = rows.filter(({ hit }) => hit).slice(0, wanted);
    const last = rows.at(-1);
    const isCut = positions.length < wanted && last?.place === size;
    return { positions, stoppedAt: isCut ? { value: last.value, id: last.id } : null };
  }

  /** Most lists are of this kind, and those that are asked for together are read together. */
  private async ordered(sql: JobListSql, wanted: number): Promise<ListRow[]> {
    if (wanted > LARGEST_PAGE) return this.read(sql.ordered(wanted));
    const { text, values } = sql.orderedOfMany(wanted);
    return (await this.turnOf(text).add(values)).slice(0, wanted);
  }

  private turnOf(text: string): OneTurn<readonly SqlValue[], ListRow[]> {
    const known = this.turns.get(text);
    if (known !== undefined) return known;
    const statement = { name: `job-lists-${this.turns.size}`, text };
    const turn = new OneTurn((asked: readonly (readonly SqlValue[])[]) => this.readMany(statement, asked));
    this.turns.set(text, turn);
    return turn;
  }

  private async readMany(statement: Statement, asked: readonly (readonly SqlValue[])[]): Promise<ListRow[][]> {
    const columns = (asked[0] ?? []).map((_value, index) => asked.map((values) => String(values[index])));
    const lists: ListRow[][] = asked.map(() => []);
    // In the order of each list: Postgres goes through them one by one.
    const rows = await this.database.rows<ListRow & { readonly nr: number }>(statement, columns);
    for (const row of rows) lists[row.nr - 1]?.push(row);
    return lists;
  }

  private read({ text, values }: Query): Promise<ListRow[]> {
    // Not prepared: which index is right depends on what is looked for.
    return this.database.rows<ListRow>({ name: '', text }, values);
  }
}

function complete(positions: readonly JobPosition[]): Found {
  return { positions, stoppedAt: null };
}

function sectionsOf(sort: JobSort, filter: JobFilter, after: JobPosition | null): Section[] {
  if (sort.by !== 'nextRunAt') return ['values'];
  if (isInactive(filter.state) || (after !== null && after.value === null)) return ['nulls'];
  return ['values', 'nulls'];
}
