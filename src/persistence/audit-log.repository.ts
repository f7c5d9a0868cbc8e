import { Injectable } from '@nestjs/common';
import { V7Generator } from 'uuidv7';
import { firstIdAt, instantOfId } from '../domain/audit.js';
import type { ActorType, AuditEntry, AuditNote } from '../domain/audit.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Clock } from '../platform/clock.js';
import { Config } from '../platform/config.js';
import { currentOrigin } from '../platform/http/current-request.js';
import { Database } from './database.js';
import type { Sql, SqlValue } from './database.js';
import { jsonbText } from './jsonb.js';

/** The key's name is looked up here: it is of no use to a request otherwise, and may change. */
const INSERT = {
  name: 'audit-log-insert',
  text: `
    INSERT INTO audit_log (id, project_id, at, actor_type, actor_id, actor_name, actor_role, address, request_id,
                           action, thing_id, thing_name, job_version, before, after)
    SELECT note.id, note."projectId", $1::timestamptz, $2::text, $3::text,
           CASE WHEN $2::text = 'apiKey' THEN (SELECT name FROM api_keys WHERE id = $3::text::uuid) END, $4::text, $5::text, $6::text,
           note.action, note."thingId", note."thingName", note."jobVersion", note.before, note.after
    FROM jsonb_to_recordset($7::jsonb) AS note
         (id uuid, "projectId" uuid, action text, "thingId" uuid, "thingName" text, "jobVersion" int, before jsonb, after jsonb)`,
};

const COLUMNS = `
  id, project_id AS "projectId", at, actor_type AS "actorType", actor_id AS "actorId", actor_name AS "actorName",
  actor_role AS "actorRole", address, request_id AS "requestId", action, thing_id AS "thingId",
  thing_name AS "thingName", before, after`;

/** By the oldest ids, so by the primary key. What another replica is deleting is left to it. */
const TRIM = {
  name: 'audit-log-trim',
  text: `
    DELETE FROM audit_log
    WHERE id = ANY (ARRAY(SELECT id FROM audit_log WHERE id < $1::uuid ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED))`,
};

const ids = new V7Generator();

export interface AuditFilter {
  readonly thingId: string | null;
  readonly actorId: string | null;
  /** Inclusive. */
  readonly from: Instant | null;
  readonly to: Instant | null;
}

interface Actor {
  readonly type: ActorType;
  readonly id: string | null;
  readonly role: string | null;
  readonly address: string | null;
  readonly requestId: string | null;
}

/** Who did what, of one project at a time. */
@Injectable()
export class AuditLogRepository {
  private readonly open: boolean;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    { auth }: Config,
  ) {
    this.open = auth === 'open';
  }

  /** Into the transaction of what they tell of; who did it is whose request is under way. */
  async insert(notes: readonly AuditNote[], sql: Sql): Promise<void> {
    if (notes.length === 0) return;
    const { type, id, role, address, requestId } = this.actor();
    const now = this.clock.now(); // read once: an id of a later millisecond than `at` would be missed when asked for by time
    const rows = notes.map((note) => ({ ...note, id: ids.generateOrResetWithTs(now).toString() }));
    const at = formatInstant(instantOfId(rows[0]?.id ?? ''));
    await sql.rows(INSERT, [at, type, id, role, address, requestId, jsonbText(rows)]);
  }

  /** The newest first, up to `limit` after `afterId`. */
  page(projectId: string, filter: AuditFilter, afterId: string | null, limit: number): Promise<AuditEntry[]> {
    const values: SqlValue[] = [projectId, limit];
    const conditions = ['project_id = $1'];
    const where = (condition: string, value: SqlValue): void => {
      values.push(value);
      conditions.push(`${condition} $${values.length}`);
    };
    if (filter.thingId !== null) where('thing_id =', filter.thingId);
    if (filter.actorId !== null) where('actor_id =', filter.actorId);
    if (filter.from !== null) where('id >=', firstIdAt(filter.from));
    if (filter.to !== null) where('id <', firstIdAt(filter.to + 1));
    if (afterId !== null) where('id <', afterId);
    const text = `SELECT ${COLUMNS} FROM audit_log WHERE ${conditions.join(' AND ')} ORDER BY id DESC LIMIT $2`;
    return this.database.rows<AuditEntry>({ text }, values);
  }

  /** Deletes entries of before an instant, at most `limit`; answers how many. */
  trim(before: Instant, limit: number): Promise<number> {
    return this.database.count(TRIM, [firstIdAt(before), limit]);
  }

  private actor(): Actor {
    const origin = currentOrigin();
    if (origin === null) return { type: 'service', id: null, role: null, address: null, requestId: null };
    const { caller, address, requestId } = origin;
    const { keyId = null, subject = null, role = null } = caller ?? {};
    const from = { address, requestId };
    if (keyId !== null) return { type: 'apiKey', id: keyId, role, ...from };
    if (subject !== null) return { type: 'token', id: subject, role, ...from };
    return { type: this.open ? 'anyone' : 'rootKey', id: null, role, ...from };
  }
}
