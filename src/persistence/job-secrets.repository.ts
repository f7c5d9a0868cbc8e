import { Injectable } from '@nestjs/common';
import type { TargetSecret } from '../domain/target-secrets.js';
import type { SealPlace } from '../platform/secrets/key-ring.js';
import { Database } from './database.js';
import type { Sql } from './database.js';
import { plainArray } from './plain-array.js';

const FIND = {
  name: 'job-secrets-find',
  text: `SELECT job_id AS "jobId", place, sealed FROM job_secrets WHERE job_id = ANY ($1::uuid[])`,
};

/** In the order of their key, so that two such writes can't deadlock. */
const WRITE = {
  name: 'job-secrets-write',
  text: `
    INSERT INTO job_secrets (job_id, place, sealed)
    SELECT n.job_id, n.place, n.sealed FROM unnest($1::uuid[], $2::text[], $3::text[]) AS n (job_id, place, sealed)
    ORDER BY n.job_id, n.place
    ON CONFLICT (job_id, place) DO UPDATE SET sealed = excluded.sealed`,
};

const DROP = {
  name: 'job-secrets-drop',
  text: `
    DELETE FROM job_secrets s USING unnest($1::uuid[], $2::text[]) AS n (job_id, place)
    WHERE s.job_id = n.job_id AND s.place = n.place`,
};

/** Sealed texts by job and place. */
export type SealedSecrets = ReadonlyMap<string, ReadonlyMap<string, string>>;

export interface JobSecretPlace {
  readonly jobId: string;
  readonly place: string;
}

/** What a secret of a job is sealed for. */
export function sealPlaceOf(jobId: string, { place, binding }: Omit<TargetSecret, 'text' | 'path'>): SealPlace {
  return ['job_secrets.sealed', jobId, place, binding];
}

/** The sealed secrets of jobs. */
@Injectable()
export class JobSecretsRepository {
  constructor(private readonly database: Database) {}

  async find(jobIds: readonly string[], sql: Sql = this.database): Promise<SealedSecrets> {
    const found = new Map<string, Map<string, string>>();
    if (jobIds.length === 0) return found;
    const rows = await sql.rows<JobSecretPlace & { readonly sealed: string }>(FIND, [plainArray(jobIds)]);
    for (const { jobId, place, sealed } of rows) {
      const secrets = found.get(jobId) ?? new Map<string, string>();
      found.set(jobId, secrets.set(place, sealed));
    }
    return found;
  }

  /** Of jobs that the transaction has locked, or made. The others stay as they are: a rotation of keys may be writing them. */
  async write(
    sealed: readonly (JobSecretPlace & { readonly sealed: string })[],
    dropped: readonly JobSecretPlace[],
    sql: Sql,
  ): Promise<void> {
    if (dropped.length > 0) {
      await sql.rows(DROP, [plainArray(dropped.map(({ jobId }) => jobId)), dropped.map(({ place }) => place)]);
    }
    if (sealed.length > 0) {
      await sql.rows(WRITE, [
        plainArray(sealed.map(({ jobId }) => jobId)),
        sealed.map(({ place }) => place),
        sealed.map((secret) => secret.sealed),
      ]);
    }
  }
}
