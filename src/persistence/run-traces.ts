import { Injectable } from '@nestjs/common';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Database } from './database.js';
import type { Sql } from './database.js';
import { spanOf } from './ledger-writes.js';
import { plainArray } from './plain-array.js';

const KEEP = {
  name: 'run-traces-keep',
  text: `
    UPDATE runs SET traceparent = $2
    WHERE id = ANY ($1::uuid[]) AND scheduled_for BETWEEN $3::timestamptz AND $4::timestamptz`,
};

const READ = {
  name: 'run-traces-read',
  text: `
    SELECT id, traceparent, available_at AS "availableAt", claimed_at AS "claimedAt"
    FROM runs
    WHERE id = ANY ($1::uuid[]) AND scheduled_for BETWEEN $2::timestamptz AND $3::timestamptz`,
};

interface RunKey {
  readonly id: string;
  readonly scheduledFor: Instant;
}

export interface RunTraceRow {
  readonly id: string;
  /** Of the request that started it; null: it has a trace of its own. */
  readonly traceparent: string | null;
  readonly availableAt: Instant;
  readonly claimedAt: Instant | null;
}

/** Keeps with runs which trace they go on with. Only called where there is one: runs that nobody traces cost nothing more. */
export async function keepTrace(sql: Sql, runs: readonly RunKey[], traceparent: string): Promise<void> {
  if (runs.length === 0) return;
  await sql.rows(KEEP, [plainArray(runs.map(({ id }) => id)), traceparent, ...spanOf(runs)]);
}

@Injectable()
export class RunTracesRepository {
  constructor(private readonly database: Database) {}

  async read(runs: readonly RunKey[]): Promise<Map<string, RunTraceRow>> {
    const rows = await this.database.rows<RunTraceRow & Record<string, unknown>>(READ, [
      plainArray(runs.map(({ id }) => id)),
      ...spanOf(runs),
    ]);
    return new Map(rows.map((row) => [row.id, row]));
  }
}
