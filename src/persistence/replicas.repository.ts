import { Injectable } from '@nestjs/common';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Database, PROMPT_MS } from './database.js';

/** A process of the service, as it last said that it is there. */
export interface Replica {
  readonly replicaId: string;
  readonly role: string;
  readonly version: string;
  readonly startedAt: Instant;
  readonly seenAt: Instant;
}

/** One stretch of leadership. */
export interface KeptReign {
  readonly epoch: number;
  readonly replicaId: string;
  readonly beganAt: Instant;
  /** Null: it goes on, as far as anyone has said. */
  readonly endedAt: Instant | null;
}

/** Who has not been seen for this long is gone, and its reign has ended when it was last seen. */
const GONE_AFTER_MS = 60_000;
const MOST_REPLICAS = 500;
/** Kept of reigns, the newest. */
const KEPT_REIGNS = 500;

const SEEN = {
  name: 'replicas-seen',
  limitMs: PROMPT_MS,
  text: `
    WITH seen AS (
      INSERT INTO replicas (replica_id, role, version, started_at, seen_at)
      VALUES ($1, $2, $3, $4::timestamptz, $5::timestamptz)
      ON CONFLICT (replica_id) DO UPDATE
      SET role = excluded.role, version = excluded.version, started_at = excluded.started_at, seen_at = excluded.seen_at
    ), gone AS (
      DELETE FROM replicas
      WHERE replica_id = ANY (ARRAY(
        SELECT replica_id FROM replicas WHERE seen_at < $6::timestamptz AND replica_id <> $1 FOR UPDATE SKIP LOCKED))
      RETURNING replica_id, seen_at
    )
    UPDATE reigns SET ended_at = greatest(reigns.began_at, gone.seen_at)
    FROM gone WHERE reigns.replica_id = gone.replica_id AND reigns.ended_at IS NULL`,
};

const LEFT = { name: 'replicas-left', limitMs: PROMPT_MS, text: `DELETE FROM replicas WHERE replica_id = $1` };

const PRESENT = {
  name: 'replicas-present',
  limitMs: PROMPT_MS,
  text: `
    SELECT replica_id AS "replicaId", role, version, started_at AS "startedAt", seen_at AS "seenAt"
    FROM replicas WHERE seen_at >= $1::timestamptz ORDER BY started_at, replica_id LIMIT ${MOST_REPLICAS}`,
};

/** Of a lock that one holds at a time ($4) all others have ended with it; else those of the same replica. */
const BEGIN = {
  name: 'reigns-begin',
  limitMs: PROMPT_MS,
  text: `
    WITH ended AS (
      UPDATE reigns SET ended_at = greatest(began_at, $3::timestamptz)
      WHERE ended_at IS NULL AND epoch < $1 AND ($4 OR replica_id = $2)
    ), old AS (
      DELETE FROM reigns WHERE epoch <= (SELECT epoch FROM reigns ORDER BY epoch DESC OFFSET ${KEPT_REIGNS} LIMIT 1)
    )
    INSERT INTO reigns (epoch, replica_id, began_at) VALUES ($1, $2, $3::timestamptz) ON CONFLICT DO NOTHING`,
};

const END = {
  name: 'reigns-end',
  limitMs: PROMPT_MS,
  text: `UPDATE reigns SET ended_at = greatest(began_at, $2::timestamptz) WHERE epoch = $1 AND ended_at IS NULL`,
};

const NEWEST = {
  name: 'reigns-newest',
  limitMs: PROMPT_MS,
  text: `
    SELECT epoch, replica_id AS "replicaId", began_at AS "beganAt", ended_at AS "endedAt"
    FROM reigns ORDER BY epoch DESC LIMIT $1`,
};

/** Which replicas there are and who of them led: what they say of themselves, for people. */
@Injectable()
export class ReplicasRepository {
  constructor(private readonly database: Database) {}

  /** Says that a replica is there, and sweeps those that are not any more. */
  async seen({ replicaId, role, version, startedAt, seenAt }: Replica): Promise<void> {
    const goneBefore = formatInstant(seenAt - GONE_AFTER_MS);
    const values = [replicaId, role, version, formatInstant(startedAt), formatInstant(seenAt), goneBefore];
    await this.database.rows(SEEN, values);
  }

  async left(replicaId: string): Promise<void> {
    await this.database.rows(LEFT, [replicaId]);
  }

  present(seenSince: Instant): Promise<Replica[]> {
    return this.database.rows<Replica>(PRESENT, [formatInstant(seenSince)]);
  }

  async beginReign(epoch: number, replicaId: string, at: Instant, endsOthers: boolean): Promise<void> {
    await this.database.rows(BEGIN, [epoch, replicaId, formatInstant(at), endsOthers]);
  }

  async endReign(epoch: number, at: Instant): Promise<void> {
    await this.database.rows(END, [epoch, formatInstant(at)]);
  }

  /** The newest first. */
  reigns(limit: number): Promise<KeptReign[]> {
    return this.database.rows<KeptReign>(NEWEST, [limit]);
  }
}
