import { Injectable } from '@nestjs/common';
import type { Project } from '../domain/access.js';
import { MILLION } from '../domain/quotas.js';
import type { ProjectUse } from '../domain/quotas.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import { Database, PROMPT_MS } from './database.js';
import type { Sql } from './database.js';

const COLUMNS = `id, name, rate_limits AS "rateLimits", quotas, created_at AS "createdAt", updated_at AS "updatedAt"`;

const FIND = { name: 'projects-find', limitMs: PROMPT_MS, text: `SELECT ${COLUMNS} FROM projects WHERE id = $1` };
const FIND_NAMED = {
  name: 'projects-find-named',
  limitMs: PROMPT_MS,
  text: `SELECT ${COLUMNS} FROM projects WHERE name = $1`,
};
const INSERT = {
  name: 'projects-insert',
  text: `
    INSERT INTO projects (id, name, created_at, updated_at, rate_limits, quotas) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT ON CONSTRAINT projects_name_key DO NOTHING`,
};
const LOCK = { name: 'projects-lock', text: `SELECT ${COLUMNS} FROM projects WHERE id = $1 FOR NO KEY UPDATE` };
const UPDATE = {
  name: 'projects-update',
  text: `UPDATE projects SET updated_at = $2, rate_limits = $3, quotas = $4 WHERE id = $1`,
};
/** Of the runs those only are looked at that are under way, of all projects: as many as workers call at once. */
const USE = {
  name: 'projects-use',
  text: `
    SELECT coalesce(sum(jobs), 0)::bigint AS jobs,
           coalesce(sum(fires_per_million_minutes), 0)::bigint AS "firesPerMillionMinutes",
           (SELECT count(*) FROM runs WHERE state = 'running' AND project_id = $1) AS "concurrentRuns"
    FROM project_usage WHERE project_id = $1`,
};
const PAGE = {
  name: 'projects-page',
  text: `
    SELECT ${COLUMNS} FROM projects
    WHERE ($1::uuid IS NULL OR id = $1) AND ($2::uuid IS NULL OR id < $2)
    ORDER BY id DESC LIMIT $3`,
};

/** Projects: the tenants. */
@Injectable()
export class ProjectsRepository {
  constructor(private readonly database: Database) {}

  async find(id: string): Promise<Project | null> {
    const [project] = await this.database.rows<Project>(FIND, [id]);
    return project ?? null;
  }

  async findNamed(name: string): Promise<Project | null> {
    if (name.includes('\0')) return null; // Postgres has no such text, and would refuse to look for it
    const [project] = await this.database.rows<Project>(FIND_NAMED, [name]);
    return project ?? null;
  }

  async useOf(id: string): Promise<ProjectUse> {
    type Row = { jobs: number; firesPerMillionMinutes: number; concurrentRuns: number };
    const [row] = await this.database.rows<Row>(USE, [id]);
    const { jobs = 0, firesPerMillionMinutes = 0, concurrentRuns = 0 } = row ?? {};
    return { jobs, firesPerMinute: firesPerMillionMinutes / MILLION, concurrentRuns };
  }

  /** Jobs can be made of it meanwhile. */
  async lock(id: string, sql: Sql): Promise<Project | null> {
    const [project] = await sql.rows<Project>(LOCK, [id]);
    return project ?? null;
  }

  /** False when the name is taken. */
  async insert(project: Project, sql: Sql): Promise<boolean> {
    const { id, name, createdAt, updatedAt, rateLimits, quotas } = project;
    const [made, changed] = [formatInstant(createdAt), formatInstant(updatedAt)];
    const values = [id, name, made, changed, JSON.stringify(rateLimits), JSON.stringify(quotas)];
    return (await sql.count(INSERT, values)) > 0;
  }

  /** Locked before. A project keeps its name. */
  async update({ id, updatedAt, rateLimits, quotas }: Project, sql: Sql): Promise<void> {
    await sql.rows(UPDATE, [id, formatInstant(updatedAt), JSON.stringify(rateLimits), JSON.stringify(quotas)]);
  }

  /** The newest first, up to `limit` after `afterId`. `only`: that one alone; null: all, for who manages them. */
  page(only: string | null, afterId: string | null, limit: number): Promise<Project[]> {
    return this.database.rows<Project>(PAGE, [only, afterId, limit]);
  }
}
