import { Injectable } from '@nestjs/common';
import type { Project } from '../domain/access.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import { Database, PROMPT_MS } from './database.js';
import type { Sql } from './database.js';

const COLUMNS = `id, name, created_at AS "createdAt", updated_at AS "updatedAt"`;

const FIND = { name: 'projects-find', limitMs: PROMPT_MS, text: `SELECT ${COLUMNS} FROM projects WHERE id = $1` };
const FIND_NAMED = {
  name: 'projects-find-named',
  limitMs: PROMPT_MS,
  text: `SELECT ${COLUMNS} FROM projects WHERE name = $1`,
};
const INSERT = {
  name: 'projects-insert',
  text: `
    INSERT INTO projects (id, name, created_at, updated_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT ON CONSTRAINT projects_name_key DO NOTHING`,
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
    const [project] = await this.database.rows<Project>(FIND_NAMED, [name]);
    return project ?? null;
  }

  /** False when the name is taken. */
  async insert({ id, name, createdAt, updatedAt }: Project, sql: Sql): Promise<boolean> {
    return (await sql.count(INSERT, [id, name, formatInstant(createdAt), formatInstant(updatedAt)])) > 0;
  }

  /** The newest first, up to `limit` after `afterId`. `only`: that one alone; null: all, for who manages them. */
  page(only: string | null, afterId: string | null, limit: number): Promise<Project[]> {
    return this.database.rows<Project>(PAGE, [only, afterId, limit]);
  }
}
