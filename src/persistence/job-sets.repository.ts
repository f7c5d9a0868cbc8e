import { Injectable } from '@nestjs/common';
import { Database } from './database.js';
import type { Sql } from './database.js';
import { CALENDAR_REFS } from './job-calendars.js';
import type { WithRefs } from './job-calendars.js';
import { JOB_COLUMNS, JOB_TABLES, plannableJobsOf, STATS_COLUMNS, storedJobOf } from './job-rows.js';
import type { JobRow, StoredJob } from './job-rows.js';

/** Not FOR UPDATE: jobs that are created meanwhile look at the row too, and need not wait. */
const LOCK_PROJECT = {
  name: 'job-sets-lock-project',
  text: 'SELECT id FROM projects WHERE id = $1 FOR NO KEY UPDATE NOWAIT',
};
const FIND_NAMED = {
  name: 'job-sets-find-named',
  text: `
    SELECT ${JOB_COLUMNS}, ${STATS_COLUMNS}, ${CALENDAR_REFS} FROM ${JOB_TABLES}
    WHERE j.project_id = $1 AND j.name = ANY ($2::text[])`,
};
const FIND_OTHERS = {
  name: 'job-sets-find-others',
  text: `
    SELECT j.id, j.name FROM jobs j LEFT JOIN unnest($2::text[]) AS listed (name) ON listed.name = j.name
    WHERE j.project_id = $1 AND listed.name IS NULL
    ORDER BY j.id
    LIMIT $3`,
};
const PAGE = {
  name: 'job-sets-page',
  text: `
    SELECT ${JOB_COLUMNS}, ${STATS_COLUMNS} FROM ${JOB_TABLES}
    WHERE j.project_id = $1 AND j.name > $2
    ORDER BY j.name
    LIMIT $3`,
};

const LOCK_NOT_AVAILABLE = '55P03';

/** Another transaction works on the project's jobs as a set. */
export class SetIsBusyError extends Error {}

export interface NamedJob {
  readonly id: string;
  readonly name: string;
}

/** The jobs of one project as a set. What is written of many of them: `JobBatchesRepository`. */
@Injectable()
export class JobSetsRepository {
  constructor(private readonly database: Database) {}

  /**
   * Keeps other changes of the whole set out until the transaction ends. Asks and does not wait: whoever waited inside of
   * Postgres would hold a connection, and a few of them all connections. Throws SetIsBusyError; false: no such project.
   */
  async lockProject(projectId: string, sql: Sql): Promise<boolean> {
    try {
      return (await sql.rows(LOCK_PROJECT, [projectId])).length > 0;
    } catch (error) {
      if ((error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) throw new SetIsBusyError();
      throw error;
    }
  }

  async findNamed(projectId: string, names: readonly string[], sql: Sql = this.database): Promise<StoredJob[]> {
    return plannableJobsOf(await sql.rows<JobRow & WithRefs>(FIND_NAMED, [projectId, names]), sql);
  }

  /** Jobs of other names than these, at most `limit`. */
  findOthers(
    projectId: string,
    names: readonly string[],
    limit: number,
    sql: Sql = this.database,
  ): Promise<NamedJob[]> {
    return sql.rows<NamedJob>(FIND_OTHERS, [projectId, names, limit]);
  }

  /** In the order of names, up to `limit` after this one. */
  async page(projectId: string, afterName: string, limit: number): Promise<StoredJob[]> {
    return (await this.database.rows<JobRow>(PAGE, [projectId, afterName, limit])).map(storedJobOf);
  }
}
