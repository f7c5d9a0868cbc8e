import { Injectable } from '@nestjs/common';
import type { HttpTarget } from '../domain/job.js';
import { fillSecrets, secretsOf } from '../domain/target-secrets.js';
import type { ClaimedRun } from '../persistence/claims.repository.js';
import { sealPlaceOf } from '../persistence/job-secrets.repository.js';
import { sealPlaceOfSigning } from '../persistence/signing-secrets.repository.js';
import { KeyRing, UnreadableSecret } from '../platform/secrets/key-ring.js';

export interface OpenedSecrets {
  /** With its secrets in clear: for one call, and kept nowhere. */
  readonly target: HttpTarget;
  /** What the call is signed with, the newest first; empty: it is not signed. */
  readonly signingSecrets: readonly string[];
}

type SealedRun = Pick<ClaimedRun, 'jobId' | 'projectId' | 'target' | 'secrets' | 'signingSecrets'>;

const NONE: ReadonlyMap<string, string> = new Map();

/** Opens what a run's call needs of secrets, at the moment of the call. */
@Injectable()
export class RunSecrets {
  constructor(private readonly ring: KeyRing) {}

  /**
   * `given`: secrets in clear by their place, in the place of sealed ones. Throws an UnreadableSecret: neither half a target nor
   * an unsigned call goes out.
   */
  open(run: SealedRun, given: ReadonlyMap<string, string> = NONE): OpenedSecrets {
    const { jobId, projectId, target, secrets, signingSecrets } = run;
    return {
      target: hasSecrets(target) ? this.openTarget(jobId, target, secrets ?? {}, given) : target,
      signingSecrets: (signingSecrets ?? []).map(({ id, sealed }) =>
        this.ring.open(sealed, sealPlaceOfSigning({ id, projectId })),
      ),
    };
  }

  private openTarget(
    jobId: string,
    target: HttpTarget,
    sealed: Readonly<Record<string, string>>,
    given: ReadonlyMap<string, string>,
  ): HttpTarget {
    const texts = new Map<string, string>(given);
    for (const secret of secretsOf(target)) {
      if (given.has(secret.place)) continue;
      const text = Object.hasOwn(sealed, secret.place) ? sealed[secret.place] : undefined;
      if (text !== undefined) texts.set(secret.place, this.ring.open(text, sealPlaceOf(jobId, secret)));
    }
    try {
      return fillSecrets(target, texts);
    } catch (error) {
      if (error instanceof RangeError) throw new UnreadableSecret(error.message);
      throw error;
    }
  }
}

function hasSecrets({ auth, headers }: HttpTarget): boolean {
  if (auth !== undefined) return true;
  for (const name in headers) if (typeof headers[name] === 'object') return true;
  return false;
}
