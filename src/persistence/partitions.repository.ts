import { Injectable } from '@nestjs/common';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Database } from './database.js';
import type { Sql } from './database.js';

/** Any number will do, so long as every replica uses the same: one at a time changes partitions. */
const PARTITION_LOCK = 7_246_816;

const DAY_MS = 86_400_000;

export interface Partition {
  readonly name: string;
  /** Midnight UTC; the partition holds the day from there. */
  readonly day: Instant;
}

/** Partitions of the ledger: one a day (UTC) of `scheduled_for`, named `runs_YYYYMMDD`, and a default one for the rest. */
@Injectable()
export class PartitionsRepository {
  constructor(private readonly database: Database) {}

  /** The partitions that there are, oldest first, without the default one. */
  async list(): Promise<Partition[]> {
    const rows = await this.database.rows<{ name: string }>({
      text: `
        SELECT child.relname AS name
        FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
        WHERE inhparent = 'runs'::regclass AND child.relname ~ '^runs_\\d{8}$'
        ORDER BY child.relname`,
    });
    return rows.map(({ name }) => ({ name, day: dayOf(name) }));
  }

  /** Makes the partition of a day, and moves in what the default one took for it meanwhile. */
  async create(day: Instant): Promise<void> {
    const name = nameOf(day);
    await this.locked(async (sql) => {
      const [existing] = await sql.rows({ text: 'SELECT to_regclass($1) AS oid' }, [name]);
      if (existing?.['oid'] != null) return;
      const bounds = `FROM ('${formatInstant(day)}') TO ('${formatInstant(day + DAY_MS)}')`;
      // A partition can't be attached while the default one holds rows of its day: they are set aside meanwhile.
      await sql.rows({
        text: `
          CREATE TEMPORARY TABLE set_aside ON COMMIT DROP AS
          SELECT * FROM runs_default
          WHERE scheduled_for >= '${formatInstant(day)}' AND scheduled_for < '${formatInstant(day + DAY_MS)}'
          LIMIT 0`,
      });
      await sql.rows({
        text: `
          WITH moved AS (
            DELETE FROM runs_default
            WHERE scheduled_for >= '${formatInstant(day)}' AND scheduled_for < '${formatInstant(day + DAY_MS)}'
            RETURNING *
          )
          INSERT INTO set_aside SELECT * FROM moved`,
      });
      await sql.rows({ text: `CREATE TABLE ${name} PARTITION OF runs FOR VALUES ${bounds}` });
      await sql.rows({ text: `INSERT INTO ${name} SELECT * FROM set_aside` });
    });
  }

  /** Drops a day of the ledger unless a run in it is still open; answers whether it is gone. */
  async dropIfEnded(partition: Partition): Promise<boolean> {
    return this.locked(async (sql) => {
      const open = await sql.rows({
        text: `
          SELECT 1 FROM ${partition.name}
          WHERE state IN ('queued', 'running', 'retrying', 'held') LIMIT 1`,
      });
      if (open.length > 0) return false;
      await sql.rows({ text: `DROP TABLE IF EXISTS ${partition.name}` });
      return true;
    });
  }

  /** Deletes ended runs of the default partition that finished before `before`, at most `limit`; answers how many. */
  async trimDefault(before: Instant, limit: number): Promise<number> {
    const rows = await this.database.rows(
      {
        text: `
          DELETE FROM runs_default
          WHERE ctid IN (SELECT ctid FROM runs_default WHERE finished_at < $1::timestamptz LIMIT $2)
          RETURNING id`,
      },
      [formatInstant(before), limit],
    );
    return rows.length;
  }

  /** DDL waits for every reader; a short limit keeps it from holding up those behind it. */
  private locked<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    return this.database.transaction(async (sql) => {
      await sql.rows({ text: `SET LOCAL lock_timeout = '2s'` });
      await sql.rows({ text: `SELECT pg_advisory_xact_lock(${PARTITION_LOCK})` });
      return work(sql);
    });
  }
}

function nameOf(day: Instant): string {
  return `runs_${formatInstant(day).slice(0, 10).replaceAll('-', '')}`;
}

function dayOf(name: string): Instant {
  return Date.UTC(Number(name.slice(5, 9)), Number(name.slice(9, 11)) - 1, Number(name.slice(11, 13)));
}
