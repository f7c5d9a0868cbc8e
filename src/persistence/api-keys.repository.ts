import { Injectable } from '@nestjs/common';
import { LAST_USED_GRAIN_MS } from '../domain/access.js';
import type { ApiKey, Project } from '../domain/access.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Database, PROMPT_MS } from './database.js';
import type { Sql } from './database.js';
import { plainArray } from './plain-array.js';

/** A key as it is looked up at a request. */
export type PresentedKey = ApiKey & { readonly projectName: string } & Pick<Project, 'rateLimits'>;

const COLUMNS = `
  k.id, k.project_id AS "projectId", k.name, k.role, k.prefix, k.expires_at AS "expiresAt",
  k.last_used_at AS "lastUsedAt", k.replaced_by AS "replacedBy", k.created_at AS "createdAt"`;

const PRESENTED = {
  name: 'api-keys-presented',
  limitMs: PROMPT_MS,
  text: `
    SELECT k.hash, ${COLUMNS}, p.name AS "projectName", p.rate_limits AS "rateLimits"
    FROM api_keys k JOIN projects p ON p.id = k.project_id
    WHERE k.hash = ANY ($1::text[])`,
};
const FIND = { name: 'api-keys-find', text: `SELECT ${COLUMNS} FROM api_keys k WHERE k.project_id = $1 AND k.id = $2` };
const LOCK = { name: 'api-keys-lock', text: `${FIND.text} FOR UPDATE` };
const PAGE = {
  name: 'api-keys-page',
  text: `
    SELECT ${COLUMNS} FROM api_keys k
    WHERE k.project_id = $1 AND ($2::uuid IS NULL OR k.id < $2)
    ORDER BY k.id DESC LIMIT $3`,
};
const INSERT = {
  name: 'api-keys-insert',
  text: `
    INSERT INTO api_keys (project_id, id, name, role, prefix, hash, expires_at, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
};
const REPLACE = {
  name: 'api-keys-replace',
  text: `UPDATE api_keys SET replaced_by = $3, expires_at = $4 WHERE project_id = $1 AND id = $2`,
};
const DELETE = { name: 'api-keys-delete', text: `DELETE FROM api_keys WHERE project_id = $1 AND id = $2` };
const NOTE_USES = {
  name: 'api-keys-note-uses',
  limitMs: PROMPT_MS,
  // Many replicas may note the same minute: the first one writes, the others find it done, or being done.
  text: `
    UPDATE api_keys k SET last_used_at = $3
    FROM (
      SELECT due.id FROM api_keys due
      JOIN unnest($1::uuid[], $2::uuid[]) AS used (project_id, id)
        ON due.project_id = used.project_id AND due.id = used.id
      WHERE due.last_used_at IS NULL OR due.last_used_at <= $3::timestamptz - $4 * interval '1 millisecond'
      FOR NO KEY UPDATE OF due SKIP LOCKED
    ) AS locked
    WHERE k.id = locked.id`,
};

/** API keys, of one project at a time, but for the look-up of one that a request presents, and the note of their use. */
@Injectable()
export class ApiKeysRepository {
  constructor(private readonly database: Database) {}

  /**
   * By the SHA-256 of the whole key: who has the key knows which one is meant, whatever its project. One for each hash, null
   * where there is none.
   */
  async findPresented(hashes: readonly string[]): Promise<(PresentedKey | null)[]> {
    const rows = await this.database.rows<PresentedKey & { hash: string }>(PRESENTED, [plainArray(hashes)]);
    const found = new Map(rows.map(({ hash, ...key }) => [hash, key]));
    return hashes.map((hash) => found.get(hash) ?? null);
  }

  async find(projectId: string, id: string): Promise<ApiKey | null> {
    const [key] = await this.database.rows<ApiKey>(FIND, [projectId, id]);
    return key ?? null;
  }

  async lock(projectId: string, id: string, sql: Sql): Promise<ApiKey | null> {
    const [key] = await sql.rows<ApiKey>(LOCK, [projectId, id]);
    return key ?? null;
  }

  /** The newest first, up to `limit` after `afterId`. */
  page(projectId: string, afterId: string | null, limit: number): Promise<ApiKey[]> {
    return this.database.rows<ApiKey>(PAGE, [projectId, afterId, limit]);
  }

  async insert(key: ApiKey, hash: string, sql: Sql): Promise<void> {
    const { projectId, id, name, role, prefix, expiresAt, createdAt } = key;
    const endsAt = expiresAt === null ? null : formatInstant(expiresAt);
    await sql.rows(INSERT, [projectId, id, name, role, prefix, hash, endsAt, formatInstant(createdAt)]);
  }

  async replace(old: ApiKey, replacedBy: string, expiresAt: Instant, sql: Sql): Promise<void> {
    await sql.rows(REPLACE, [old.projectId, old.id, replacedBy, formatInstant(expiresAt)]);
  }

  /** False when there is none. */
  async delete(projectId: string, id: string, sql: Sql): Promise<boolean> {
    return (await sql.count(DELETE, [projectId, id])) > 0;
  }

  async noteUses(keys: readonly Pick<ApiKey, 'projectId' | 'id'>[], now: Instant): Promise<void> {
    const projectIds = plainArray(keys.map(({ projectId }) => projectId));
    const ids = plainArray(keys.map(({ id }) => id));
    await this.database.rows(NOTE_USES, [projectIds, ids, formatInstant(now), LAST_USED_GRAIN_MS]);
  }
}
