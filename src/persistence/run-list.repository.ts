import { Injectable } from '@nestjs/common';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { Run, RunState } from '../domain/run.js';
import { OPEN_STATES } from '../domain/run-state.js';
import { Database } from './database.js';
import type { SqlValue } from './database.js';
import { RUN_COLUMNS } from './run-rows.js';

export type ListedRun = Omit<Run, 'attempts'>;

/** A run's place in the ledger's order. */
export interface RunPosition {
  readonly at: Instant;
  readonly id: string;
}

export interface RunFilter {
  readonly jobId: string | null;
  readonly state: RunState | null;
  /** Of `scheduledFor`, both inclusive. */
  readonly from: Instant | null;
  readonly to: Instant | null;
}

export interface RunPageRequest {
  readonly filter: RunFilter;
  /** The page starts behind this one. */
  readonly after: RunPosition | null;
  readonly limit: number;
}

export interface RunPage {
  readonly runs: ListedRun[];
  readonly next: RunPosition | null;
}

/** The index of rare ends holds these. */
const RARE_ENDS: readonly RunState[] = ['failed', 'cancelled', 'skipped'];

/** Rows looked at by one request for a state that no index holds: a page may be short, its cursor goes on behind them. */
const WINDOW = 20_000;

const FETCH = {
  name: 'runs-fetch',
  text: `
    SELECT ${RUN_COLUMNS} FROM runs r
    WHERE r.project_id = $1 AND r.id = ANY ($2::uuid[]) AND r.scheduled_for BETWEEN $3::timestamptz AND $4::timestamptz`,
};

type Row = RunPosition & { readonly hit: boolean; readonly place: number };

/** The ledger by keyset, newest first by (scheduledFor, id): the ids carry `scheduledFor`, so they sort as it does. */
@Injectable()
export class RunListRepository {
  constructor(private readonly database: Database) {}

  async page(projectId: string, request: RunPageRequest): Promise<RunPage> {
    const { limit } = request;
    const rows = await this.database.rows<Row>(...statementOf(projectId, request));
    const hits = rows.filter(({ hit }) => hit);
    const shown = hits.slice(0, limit);
    const last = rows.at(-1);
    const next = hits.length > limit ? shown.at(-1) : last?.place === WINDOW ? last : undefined;
    return { runs: await this.fetch(projectId, shown), next: next === undefined ? null : { at: next.at, id: next.id } };
  }

  private async fetch(projectId: string, positions: readonly RunPosition[]): Promise<ListedRun[]> {
    const [newest, oldest] = [positions[0], positions.at(-1)];
    if (newest === undefined || oldest === undefined) return [];
    const ids = positions.map(({ id }) => id);
    const rows = await this.database.rows<ListedRun>(FETCH, [
      projectId,
      ids,
      formatInstant(oldest.at),
      formatInstant(newest.at),
    ]);
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.flatMap((id) => byId.get(id) ?? []);
  }
}

function statementOf(
  projectId: string,
  { filter, after, limit }: RunPageRequest,
): [{ name: string; text: string }, SqlValue[]] {
  const values: SqlValue[] = [];
  const add = (value: SqlValue): string => `$${values.push(value)}`;
  const instant = (at: Instant): string => `${add(formatInstant(at))}::timestamptz`;

  const conditions = [`r.project_id = ${add(projectId)}`];
  if (filter.jobId !== null) conditions.push(`r.job_id = ${add(filter.jobId)}::uuid`);
  if (filter.from !== null) conditions.push(`r.scheduled_for >= ${instant(filter.from)}`);
  // The second bound on the time says nothing new, but it is what partitions are left out by.
  const to = Math.min(filter.to ?? Infinity, after?.at ?? Infinity);
  if (to !== Infinity) conditions.push(`r.scheduled_for <= ${instant(to)}`);
  if (after !== null) conditions.push(`(r.scheduled_for, r.id) < (${instant(after.at)}, ${add(after.id)}::uuid)`);
  const where = conditions.join(' AND ');
  const order = 'ORDER BY r.scheduled_for DESC, r.id DESC';

  return [{ name: '', text: select(filter, where, order, add, limit + 1) }, values];
}

/** What suits the state: an index in list order, the few open runs sorted, or a walk through the list. */
function select(
  filter: RunFilter,
  where: string,
  order: string,
  add: (value: SqlValue) => string,
  wanted: number,
): string {
  const { state, jobId } = filter;
  const columns = 'r.scheduled_for AS at, r.id, true AS hit, 0 AS place';
  if (state === null) return `SELECT ${columns} FROM runs r WHERE ${where} ${order} LIMIT ${add(wanted)}`;
  // A constant, not a parameter: partial indexes are chosen by it.
  const inState = `r.state = '${state}'`;
  if (RARE_ENDS.includes(state) && jobId === null) {
    return `SELECT ${columns} FROM runs r WHERE ${where} AND ${inState} ${order} LIMIT ${add(wanted)}`;
  }
  if (OPEN_STATES.includes(state)) {
    return `
      WITH open AS MATERIALIZED (SELECT r.scheduled_for, r.id FROM runs r WHERE ${where} AND ${inState})
      SELECT ${columns} FROM open r ${order} LIMIT ${add(wanted)}`;
  }
  return `
    SELECT at, id, hit, place FROM (
      SELECT r.scheduled_for AS at, r.id, ${inState} AS hit, row_number() OVER () AS place
      FROM (SELECT r.scheduled_for, r.id, r.state FROM runs r WHERE ${where} ${order} LIMIT ${add(WINDOW)}) r
    ) seen
    WHERE hit OR place = ${add(WINDOW)}
    ORDER BY place LIMIT ${add(wanted + 1)}`;
}
