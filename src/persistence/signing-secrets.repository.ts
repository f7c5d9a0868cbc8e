import { Injectable } from '@nestjs/common';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { SigningSecret } from '../domain/signing-secret.js';
import type { SealPlace } from '../platform/secrets/key-ring.js';
import type { StoredSigningSecret } from './claims.repository.js';
import { Database } from './database.js';
import type { Sql } from './database.js';

const COLUMNS = `
  s.id, s.project_id AS "projectId", s.expires_at AS "expiresAt", s.replaced_by AS "replacedBy", s.created_at AS "createdAt"`;

const FIND = {
  name: 'signing-secrets-find',
  text: `SELECT ${COLUMNS} FROM signing_secrets s WHERE s.project_id = $1 AND s.id = $2`,
};
/** All of the project: there are two at most, and what has expired since. */
const LOCK_ALL = {
  name: 'signing-secrets-lock',
  text: `SELECT ${COLUMNS} FROM signing_secrets s WHERE s.project_id = $1 ORDER BY s.id FOR UPDATE`,
};
const PAGE = {
  name: 'signing-secrets-page',
  text: `
    SELECT ${COLUMNS} FROM signing_secrets s
    WHERE s.project_id = $1 AND ($2::uuid IS NULL OR s.id < $2)
    ORDER BY s.id DESC LIMIT $3`,
};
const INSERT = {
  name: 'signing-secrets-insert',
  text: `
    INSERT INTO signing_secrets (project_id, id, sealed, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (project_id) WHERE replaced_by IS NULL DO NOTHING`,
};
const REPLACE = {
  name: 'signing-secrets-replace',
  text: `UPDATE signing_secrets SET replaced_by = $3, expires_at = $4 WHERE project_id = $1 AND id = $2`,
};
const DELETE = {
  name: 'signing-secrets-delete',
  text: `DELETE FROM signing_secrets WHERE project_id = $1 AND id = ANY ($2::uuid[])`,
};

const IN_USE = {
  name: 'signing-secrets-in-use',
  text: `
    SELECT s.id, s.sealed FROM signing_secrets s
    WHERE s.project_id = $1 AND (s.expires_at IS NULL OR s.expires_at > $2::timestamptz)
    ORDER BY s.id DESC`,
};

/** What a project's signing secret is sealed for. */
export function sealPlaceOfSigning({ id, projectId }: Pick<SigningSecret, 'id' | 'projectId'>): SealPlace {
  return ['signing_secrets.sealed', id, projectId];
}

/** Signing secrets, of one project at a time. */
@Injectable()
export class SigningSecretsRepository {
  constructor(private readonly database: Database) {}

  async find(projectId: string, id: string): Promise<SigningSecret | null> {
    const [secret] = await this.database.rows<SigningSecret>(FIND, [projectId, id]);
    return secret ?? null;
  }

  /** What a call is signed with at an instant, sealed, the newest first. */
  inUse(projectId: string, now: Instant): Promise<StoredSigningSecret[]> {
    return this.database.rows<StoredSigningSecret>(IN_USE, [projectId, formatInstant(now)]);
  }

  lockAll(projectId: string, sql: Sql): Promise<SigningSecret[]> {
    return sql.rows<SigningSecret>(LOCK_ALL, [projectId]);
  }

  /** The newest first, up to `limit` after `afterId`. */
  page(projectId: string, afterId: string | null, limit: number): Promise<SigningSecret[]> {
    return this.database.rows<SigningSecret>(PAGE, [projectId, afterId, limit]);
  }

  /** False when the project has one already that nothing replaces. */
  async insert(secret: SigningSecret, sealed: string, sql: Sql): Promise<boolean> {
    const { projectId, id, createdAt } = secret;
    return (await sql.count(INSERT, [projectId, id, sealed, formatInstant(createdAt)])) > 0;
  }

  async replace(old: SigningSecret, replacedBy: string, expiresAt: Instant, sql: Sql): Promise<void> {
    await sql.rows(REPLACE, [old.projectId, old.id, replacedBy, formatInstant(expiresAt)]);
  }

  /** How many there were. */
  delete(projectId: string, ids: readonly string[], sql: Sql): Promise<number> {
    return sql.count(DELETE, [projectId, ids]);
  }
}
