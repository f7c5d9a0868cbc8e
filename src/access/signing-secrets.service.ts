import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { V7Generator } from 'uuidv7';
import type { AuditAction, AuditNote, Members } from '../domain/audit.js';
import { Problem } from '../domain/errors.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import { decideSigningRotation } from '../domain/signing-secret.js';
import type { SigningRotation, SigningSecret } from '../domain/signing-secret.js';
import { sealPlaceOfSigning, SigningSecretsRepository } from '../persistence/signing-secrets.repository.js';
import { Writes } from '../persistence/writes.js';
import { Clock } from '../platform/clock.js';
import type { Page } from '../platform/contract/page.js';
import { isUuid } from '../platform/contract/values.schema.js';
import { KeyRing } from '../platform/secrets/key-ring.js';
import { refuseBody } from '../platform/validation/request-validation.pipe.js';
import { noteOfThing } from './access-audit.js';
import type { PageQuery } from './access.schemas.js';
import { pageById } from '../platform/contract/id-pages.js';
import type { SigningRotateInput } from './signing-secrets.schemas.js';

const ids = new V7Generator();
/** Standard Webhooks takes 24 to 64. */
const RANDOM_BYTES = 32;

/** A signing secret and its text, which is known at this moment only. */
export interface NewSigningSecret {
  readonly secret: SigningSecret;
  readonly text: string;
}

/** What a project's calls are signed with: made, listed, rotated, revoked. */
@Injectable()
export class SigningSecretsService {
  constructor(
    private readonly secrets: SigningSecretsRepository,
    private readonly writes: Writes,
    private readonly ring: KeyRing,
    private readonly clock: Clock,
  ) {}

  async create(projectId: string): Promise<NewSigningSecret> {
    const { sealed, ...made } = this.make(projectId, this.clock.now());
    const isFirst = await this.writes.run(async (sql) => {
      const result = await this.secrets.insert(made.secret, sealed, sql);
      return { result, notes: result ? [noteOf('signingSecret.create', made.secret, null, made.secret)] : [] };
    });
    if (isFirst) return made;
    throw new Problem('wrong_state', 'the project has a signing secret already: rotate it');
  }

  async get(projectId: string, id: string): Promise<SigningSecret> {
    return (isUuid(id) ? await this.secrets.find(projectId, id) : null) ?? noSuchSecret();
  }

  list(projectId: string, query: PageQuery): Promise<Page<SigningSecret>> {
    const scope = ['signing-secrets', projectId];
    return pageById(query, scope, (afterId, limit) => this.secrets.page(projectId, afterId, limit));
  }

  /** Makes a secret in the place of another, with which calls are signed too until the overlap is over. */
  rotate(projectId: string, id: string, { overlap }: SigningRotateInput): Promise<NewSigningSecret> {
    return this.writes.run(async (sql) => {
      const all = isUuid(id) ? await this.secrets.lockAll(projectId, sql) : [];
      const now = this.clock.now();
      const decision = decideSigningRotation(all, id.toLowerCase(), now);
      if (decision.kind !== 'rotate') return refuse(decision);
      const { old, expired } = decision;
      const { sealed, ...made } = this.make(projectId, now);
      // The old one first: a project has one that nothing replaces.
      await this.secrets.replace(old, made.secret.id, now + overlap, sql);
      await this.secrets.insert(made.secret, sealed, sql);
      await this.secrets.delete(
        projectId,
        expired.map((secret) => secret.id),
        sql,
      );
      const replaced = { ...old, replacedBy: made.secret.id, expiresAt: now + overlap };
      return {
        result: made,
        notes: [
          noteOf('signingSecret.create', made.secret, null, made.secret),
          noteOf('signingSecret.rotate', old, old, replaced),
        ],
      };
    });
  }

  /** Nothing that is claimed from now on is signed with it. */
  async revoke(projectId: string, id: string): Promise<void> {
    await this.writes.run(async (sql) => {
      const all = isUuid(id) ? await this.secrets.lockAll(projectId, sql) : [];
      const secret = all.find((one) => one.id === id.toLowerCase()) ?? noSuchSecret();
      await this.secrets.delete(projectId, [secret.id], sql);
      return { result: undefined, notes: [noteOf('signingSecret.revoke', secret, secret, null)] };
    });
  }

  private make(projectId: string, now: Instant): NewSigningSecret & { readonly sealed: string } {
    if (this.ring.sealsWith === null) {
      const detail = 'this service has no key to encrypt secrets with: its operator sets ENCRYPTION_KEYS';
      throw refuseBody([{ pointer: '', code: 'no_encryption_key', detail }]);
    }
    const text = `whsec_${randomBytes(RANDOM_BYTES).toString('base64')}`;
    const id = ids.generateOrResetWithTs(now).toString();
    const secret = { id, projectId, expiresAt: null, replacedBy: null, createdAt: now };
    return { secret, text, sealed: this.ring.seal(text, sealPlaceOfSigning(secret)) };
  }
}

function refuse(decision: Exclude<SigningRotation, { kind: 'rotate' }>): never {
  if (decision.kind === 'unknown') return noSuchSecret();
  if (decision.kind === 'replaced')
    throw new Problem('wrong_state', 'another secret has replaced this one: rotate that');
  const until = formatInstant(decision.until);
  throw new Problem(
    'wrong_state',
    `the rotation before this one is under way until ${until}: revoke its old secret to end it`,
  );
}

function noteOf(
  action: AuditAction,
  secret: SigningSecret,
  before: SigningSecret | null,
  after: SigningSecret | null,
): AuditNote {
  return noteOfThing(action, secret, before && membersOf(before), after && membersOf(after));
}

function membersOf({ expiresAt, replacedBy }: SigningSecret): Members {
  return { expiresAt: expiresAt === null ? null : formatInstant(expiresAt), replacedBy };
}

function noSuchSecret(): never {
  throw new Problem('not_found', 'there is no such signing secret');
}
