import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { SqlValue, Statement } from '../../src/persistence/database.js';

/** Smaller tables than this may be read whole: that is cheaper than their index. */
const BIG_ROWS = 1_000;

export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Loops': number;
  readonly 'Actual Rows': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Runs a statement as a pooled connection would after its first few times, and takes it back. */
export async function explain(
  client: pg.Client,
  { text }: Statement,
  values: readonly SqlValue[],
  mode: string,
): Promise<{ root: PlanNode; ms: number; text: string }> {
  const name = `p_${randomUUID().replaceAll('-', '')}`;
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL plan_cache_mode = ${mode}`);
    await client.query(`PREPARE ${name} AS ${text}`);
    const args = values.length === 0 ? '' : `(${values.map(literal).join(', ')})`;
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode; 'Execution Time': number }] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE ${name}${args}`,
    );
    const plan = (rows[0] as (typeof rows)[0])['QUERY PLAN'][0];
    return { root: plan.Plan, ms: plan['Execution Time'], text: JSON.stringify(plan.Plan) };
  } finally {
    await client.query('ROLLBACK');
    await client.query(`DEALLOCATE ALL`);
  }
}

function literal(value: SqlValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'object') {
    const items = value.map((item) => (item === null ? 'NULL' : `"${String(item).replace(/["\\]/g, '\\$&')}"`));
    return pg.escapeLiteral(`{${items.join(',')}}`);
  }
  return typeof value === 'string' ? pg.escapeLiteral(value) : String(value);
}

/** What was read whole, and how many rows that were. */
export function bigScans(node: PlanNode): string[] {
  const rows = (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
  const own =
    node['Node Type'] === 'Seq Scan' && rows > BIG_ROWS ? [`Seq Scan of ${node['Relation Name']}: ${rows} rows`] : [];
  return [...own, ...(node.Plans ?? []).flatMap(bigScans)];
}

/** Rows that scans of tables and indexes came across. */
export function rowsTouched(node: PlanNode): number {
  const own = node['Relation Name'] === undefined ? 0 : node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0);
  return own * node['Actual Loops'] + (node.Plans ?? []).reduce((sum, child) => sum + rowsTouched(child), 0);
}
