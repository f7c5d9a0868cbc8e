import { Injectable } from '@nestjs/common';
import { Database } from './database.js';

/** Counting stops here: beyond it, it is the size that matters, and a count must not cost what it counts. */
const COUNTED_AT_MOST = 10_000;

const OPEN_RUNS = {
  name: 'run-counts-open',
  text: `
    SELECT (SELECT count(*) FROM (SELECT 1 FROM runs WHERE state IN ('queued', 'retrying') LIMIT ${COUNTED_AT_MOST}) AS w) AS waiting,
           (SELECT count(*) FROM (SELECT 1 FROM runs WHERE state = 'running' LIMIT ${COUNTED_AT_MOST}) AS r) AS running`,
};

/** Counts for people and gauges, each bounded. */
@Injectable()
export class RunCountsRepository {
  constructor(private readonly database: Database) {}

  /** Runs that wait for a worker and runs in delivery, each counted up to 10,000. */
  async openRuns(): Promise<{ waiting: number; running: number }> {
    const [row] = await this.database.rows<{ waiting: number; running: number }>(OPEN_RUNS);
    return row ?? { waiting: 0, running: 0 };
  }
}
