import type { HttpTarget } from '../domain/job.js';
import { secretsOf } from '../domain/target-secrets.js';
import type { SealPlace } from '../platform/secrets/key-ring.js';
import type { Sql } from './database.js';
import { sealPlaceOf } from './job-secrets.repository.js';
import { sealPlaceOfSigning } from './signing-secrets.repository.js';

/** A sealed text where it stands. */
export interface SealedRow {
  /** Names the row: values of the columns of `SealedColumn.key`. */
  readonly key: readonly string[];
  readonly sealed: string;
  /** What it was sealed for; null when that can't be told, as the row does not fit the rest. */
  readonly place: SealPlace | null;
}

/** A column that holds sealed texts, each of which begins with the id of its key. */
export interface SealedColumn {
  readonly table: string;
  /** Before every row. */
  readonly start: readonly string[];
  /** The id of a key that comes after `keyId` among those in use; null: none. */
  nextKey(sql: Sql, keyId: string): Promise<string | null>;
  /** Rows sealed with this key, after a row in their order. */
  page(sql: Sql, keyId: string, after: readonly string[], limit: number): Promise<SealedRow[]>;
  /**
   * Puts other sealed texts in place of these, where they still stand: what someone has changed since, or is changing, stays.
   * Answers how many took place.
   */
  swap(sql: Sql, swaps: readonly { readonly row: SealedRow; readonly sealed: string }[]): Promise<number>;
}

const JOB_ROWS = {
  text: `
    SELECT s.job_id AS "jobId", s.place, s.sealed, j.target FROM job_secrets s JOIN jobs j ON j.id = s.job_id
    WHERE split_part(s.sealed, ':', 1) = $1 AND (s.job_id, s.place) > ($2::uuid, $3)
    ORDER BY s.job_id, s.place LIMIT $4`,
};

const JOB_SWAP = {
  text: `
    WITH held AS MATERIALIZED (
      SELECT s.job_id, s.place, n.resealed
      FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS n (job_id, place, sealed, resealed)
      JOIN job_secrets s ON s.job_id = n.job_id AND s.place = n.place AND s.sealed = n.sealed
      FOR UPDATE OF s SKIP LOCKED
    )
    UPDATE job_secrets s SET sealed = held.resealed FROM held WHERE s.job_id = held.job_id AND s.place = held.place`,
};

const SIGNING_ROWS = {
  text: `
    SELECT id, project_id AS "projectId", sealed FROM signing_secrets
    WHERE split_part(sealed, ':', 1) = $1 AND id > $2::uuid
    ORDER BY id LIMIT $3`,
};

const SIGNING_SWAP = {
  text: `
    WITH held AS MATERIALIZED (
      SELECT s.id, n.resealed
      FROM unnest($1::uuid[], $2::text[], $3::text[]) AS n (id, sealed, resealed)
      JOIN signing_secrets s ON s.id = n.id AND s.sealed = n.sealed
      FOR UPDATE OF s SKIP LOCKED
    )
    UPDATE signing_secrets s SET sealed = held.resealed FROM held WHERE s.id = held.id`,
};

const NO_ID = '00000000-0000-0000-0000-000000000000';

interface JobSecretRow {
  readonly jobId: string;
  readonly place: string;
  readonly sealed: string;
  readonly target: HttpTarget;
}

export const SEALED_COLUMNS: readonly SealedColumn[] = [
  {
    table: 'job_secrets',
    start: [NO_ID, ''],
    nextKey: (sql, keyId) => nextKey('job_secrets', sql, keyId),
    async page(sql, keyId, [jobId = NO_ID, place = ''], limit) {
      const rows = await sql.rows<JobSecretRow>(JOB_ROWS, [keyId, jobId, place, limit]);
      return rows.map((row) => ({ key: [row.jobId, row.place], sealed: row.sealed, place: placeOf(row) }));
    },
    swap: (sql, swaps) => sql.count(JOB_SWAP, columnsOf(swaps, 2)),
  },
  {
    table: 'signing_secrets',
    start: [NO_ID],
    nextKey: (sql, keyId) => nextKey('signing_secrets', sql, keyId),
    async page(sql, keyId, [after = NO_ID], limit) {
      const rows = await sql.rows<{ id: string; projectId: string; sealed: string }>(SIGNING_ROWS, [
        keyId,
        after,
        limit,
      ]);
      return rows.map((row) => ({ key: [row.id], sealed: row.sealed, place: sealPlaceOfSigning(row) }));
    },
    swap: (sql, swaps) => sql.count(SIGNING_SWAP, columnsOf(swaps, 1)),
  },
];

/** Goes from one key to the next in the index, however many rows each has. */
async function nextKey(table: string, sql: Sql, keyId: string): Promise<string | null> {
  const text = `
    SELECT split_part(sealed, ':', 1) AS "keyId" FROM ${table} WHERE split_part(sealed, ':', 1) > $1
    ORDER BY split_part(sealed, ':', 1) LIMIT 1`;
  const [row] = await sql.rows<{ keyId: string }>({ text }, [keyId]);
  return row?.keyId ?? null;
}

function placeOf({ jobId, place, target }: JobSecretRow): SealPlace | null {
  const secret = secretsOf(target).find((one) => one.place === place);
  return secret === undefined ? null : sealPlaceOf(jobId, secret);
}

function columnsOf(
  swaps: readonly { readonly row: SealedRow; readonly sealed: string }[],
  keys: number,
): (readonly string[])[] {
  return [
    ...Array.from({ length: keys }, (_, index) => swaps.map(({ row }) => row.key[index] ?? '')),
    swaps.map(({ row }) => row.sealed),
    swaps.map(({ sealed }) => sealed),
  ];
}
