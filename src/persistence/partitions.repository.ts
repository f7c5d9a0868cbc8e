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
      const from = formatInstant(day);
      const to = formatInstant(day + DAY_MS);
      // Made apart and attached, not PARTITION OF: that would lock the whole ledger each time.
      await sql.rows({ text: `CREATE TABLE ${name} (LIKE runs INCLUDING ALL)` });
      const ofDay = `FROM runs_default WHERE scheduled_for >= '${from}' AND scheduled_for < '${to}'`;
      const taken = await sql.rows({ text: `SELECT 1 ${ofDay} LIMIT 1` });
      if (taken.length > 0) {
        // Nobody else may use the ledger while rows move: an end that came meanwhile would not find its run.
        await sql.rows({ text: 'LOCK TABLE ONLY runs IN ACCESS EXCLUSIVE MODE' });
        await sql.rows({ text: `WITH moved AS (DELETE ${ofDay} RETURNING *) INSERT INTO ${name} SELECT * FROM moved` });
      }
      await sql.rows({ text: `ALTER TABLE runs ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')` });
    });
  }

  /** Drops a day of the ledger unless a run in it is still open; answers whether it is gone. */
  async dropIfEnded(partition: Partition): Promise<boolean> {
    return this.locked(async (sql) => {
      if (await hasOpenRuns(sql, partition.name)) return false;
      // Dropping locks the ledger as a whole anyway; locked before the last look, no run can enter in between.
      await sql.rows({ text: 'LOCK TABLE ONLY runs IN ACCESS EXCLUSIVE MODE' });
      if (await hasOpenRuns(sql, partition.name)) return false;
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

/** False when the partition is there no more: another replica dropped it. */
async function hasOpenRuns(sql: Sql, name: string): Promise<boolean> {
  const [existing] = await sql.rows({ text: 'SELECT to_regclass($1) AS oid' }, [name]);
  if (existing?.['oid'] == null) return false;
  const open = await sql.rows({
    text: `SELECT 1 FROM ${name} WHERE state IN ('queued', 'running', 'retrying', 'held') LIMIT 1`,
  });
  return open.length > 0;
}

function nameOf(day: Instant): string {
  return `runs_${formatInstant(day).slice(0, 10).replaceAll('-', '')}`;
}

function dayOf(name: string): Instant {
  return Date.UTC(Number(name.slice(5, 9)), Number(name.slice(9, 11)) - 1, Number(name.slice(11, 13)));
}
