import { Injectable } from '@nestjs/common';
import type { SecretChanges } from '../domain/target-secrets.js';
import type { Sql } from '../persistence/database.js';
import { JobSecretsRepository, sealPlaceOf } from '../persistence/job-secrets.repository.js';
import type { SealedSecrets } from '../persistence/job-secrets.repository.js';
import { KeyRing } from '../platform/secrets/key-ring.js';
import { pointerOf } from '../platform/validation/faults.js';
import { refuseBody } from '../platform/validation/request-validation.pipe.js';

/** What becomes of the secrets of one job. */
export interface SecretWrite {
  readonly jobId: string;
  readonly secrets: SecretChanges;
}

/** Seals the secrets of jobs and keeps them beside their targets. None is read back here: only a call opens it. */
@Injectable()
export class JobSecrets {
  constructor(
    private readonly ring: KeyRing,
    private readonly rows: JobSecretsRepository,
  ) {}

  /** Before anything is written: without a key nothing secret is taken, rather than kept in clear. */
  refuseWithoutKey({ given }: SecretChanges): void {
    if (this.ring.sealsWith !== null || given.length === 0) return;
    const detail = 'is a secret, and this service has no key to encrypt it with: its operator sets ENCRYPTION_KEYS';
    throw refuseBody(
      given.map(({ path }) => ({ pointer: pointerOf(['target', ...path]), code: 'no_encryption_key', detail })),
    );
  }

  /** The changes to a locked job without what is stored already as it was given: that is no change. */
  async fresh(jobId: string, changes: SecretChanges, sql: Sql): Promise<SecretChanges> {
    if (changes.given.length === 0) return changes;
    return this.without(jobId, changes, await this.rows.find([jobId], sql));
  }

  /** What is stored of these jobs, for `without`. */
  find(jobIds: readonly string[], sql?: Sql): Promise<SealedSecrets> {
    return this.rows.find(jobIds, sql);
  }

  without(jobId: string, changes: SecretChanges, stored: SealedSecrets): SecretChanges {
    const given = changes.given.filter((secret) => {
      const sealed = stored.get(jobId)?.get(secret.place);
      return sealed === undefined || !this.ring.matches(sealed, secret.text, sealPlaceOf(jobId, secret));
    });
    return { ...changes, given };
  }

  /** For jobs that are new, or locked in `sql`. What is neither given nor dropped stays. */
  async write(writes: readonly SecretWrite[], sql: Sql): Promise<void> {
    await this.rows.write(
      writes.flatMap(({ jobId, secrets }) =>
        secrets.given.map((secret) => {
          const sealed = this.ring.seal(secret.text, sealPlaceOf(jobId, secret));
          return { jobId, place: secret.place, sealed };
        }),
      ),
      writes.flatMap(({ jobId, secrets }) => secrets.dropped.map((place) => ({ jobId, place }))),
      sql,
    );
  }
}
