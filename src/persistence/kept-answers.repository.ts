import { Injectable } from '@nestjs/common';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Database } from './database.js';

/** An answer that was given under an idempotency key, to be given again. */
export interface KeptAnswer {
  /** Tells the request that it answers from another one with the same key. */
  readonly fingerprint: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Which key of which project; the key itself is not kept. */
export interface KeyOfAnswer {
  readonly projectId: string;
  /** SHA-256 in hexadecimal digits. */
  readonly keyHash: string;
}

export const ANSWERS_KEPT_MS = 86_400_000;

/** Of the lock (`Writes.asOne`) that a request with this key holds while it is under way, on whatever replica. */
export function lockNameOf({ projectId, keyHash }: KeyOfAnswer): string {
  return `${projectId} ${keyHash}`;
}

const FIND = {
  name: 'kept-answers-find',
  text: `
    SELECT fingerprint, status, headers, body FROM kept_answers
    WHERE project_id = $1 AND key_hash = $2 AND created_at > $3::timestamptz`,
};
/** One that is too old and not swept yet gives way; a newer one there can't be, under the lock. */
const KEEP = {
  name: 'kept-answers-keep',
  text: `
    INSERT INTO kept_answers (project_id, key_hash, fingerprint, status, headers, body, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT ON CONSTRAINT kept_answers_pkey DO UPDATE
    SET fingerprint = excluded.fingerprint, status = excluded.status, headers = excluded.headers, body = excluded.body,
        created_at = excluded.created_at`,
};
const TRIM = {
  name: 'kept-answers-trim',
  text: `
    DELETE FROM kept_answers
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM kept_answers WHERE created_at <= $1::timestamptz ORDER BY created_at LIMIT $2))`,
};

/**
 * What was answered to requests with an idempotency key. All but `trim` belongs into the transaction of the write (see
 * `Writes.asOne`), so that the write and its answer are kept together or not at all.
 */
@Injectable()
export class KeptAnswersRepository {
  constructor(private readonly database: Database) {}

  async find({ projectId, keyHash }: KeyOfAnswer, now: Instant): Promise<KeptAnswer | null> {
    const since = formatInstant(now - ANSWERS_KEPT_MS);
    const [row] = await this.database.rows<KeptAnswer>(FIND, [projectId, keyHash, since]);
    return row ?? null;
  }

  async keep({ projectId, keyHash }: KeyOfAnswer, answer: KeptAnswer, now: Instant): Promise<void> {
    const { fingerprint, status, headers, body } = answer;
    const values = [projectId, keyHash, fingerprint, status, JSON.stringify(headers), body, formatInstant(now)];
    await this.database.rows(KEEP, values);
  }

  /** Deletes answers that are given no more, at most `limit`; answers how many. */
  trim(now: Instant, limit: number): Promise<number> {
    return this.database.count(TRIM, [formatInstant(now - ANSWERS_KEPT_MS), limit]);
  }
}
