import { Injectable } from '@nestjs/common';
import { V7Generator } from 'uuidv7';
import { decideRotation, hasExpired } from '../domain/access.js';
import type { ApiKey } from '../domain/access.js';
import type { AuditAction, AuditNote, Members } from '../domain/audit.js';
import { Problem } from '../domain/errors.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { Messages } from '../messaging/messages.js';
import { ApiKeysRepository } from '../persistence/api-keys.repository.js';
import { Writes } from '../persistence/writes.js';
import { Clock } from '../platform/clock.js';
import type { Page } from '../platform/contract/page.js';
import { isUuid } from '../platform/contract/values.schema.js';
import { refuseBody } from '../platform/validation/request-validation.pipe.js';
import { noteOfThing } from './access-audit.js';
import type { ApiKeyInput, PageQuery, RotateInput } from './access.schemas.js';
import { pageById } from '../platform/contract/id-pages.js';
import { newKeyText } from './key-text.js';

const ids = new V7Generator();

/** A key and its text, which is known at this moment only. */
export interface NewApiKey {
  readonly key: ApiKey;
  readonly text: string;
}

/** The keys of a project: made, listed, rotated, revoked. */
@Injectable()
export class ApiKeysService {
  constructor(
    private readonly keys: ApiKeysRepository,
    private readonly writes: Writes,
    private readonly messages: Messages,
    private readonly clock: Clock,
  ) {}

  async create(projectId: string, { name, role, expiresAt = null }: ApiKeyInput): Promise<NewApiKey> {
    const now = this.clock.now();
    refusePast(expiresAt, now);
    const made = newKey({ projectId, name, role, expiresAt }, now);
    await this.writes.run(async (sql) => {
      await this.keys.insert(made.key, made.hash, sql);
      return { result: undefined, notes: [noteOf('apiKey.create', made.key, null, made.key)] };
    });
    return made;
  }

  async get(projectId: string, id: string): Promise<ApiKey> {
    return (isUuid(id) ? await this.keys.find(projectId, id) : null) ?? noSuchKey();
  }

  list(projectId: string, query: PageQuery): Promise<Page<ApiKey>> {
    return pageById(query, ['api-keys', projectId], (afterId, limit) => this.keys.page(projectId, afterId, limit));
  }

  /** Makes a key in the place of another, which ends after the overlap. */
  async rotate(projectId: string, id: string, { overlap, expiresAt }: RotateInput): Promise<NewApiKey> {
    const made = await this.writes.run(async (sql) => {
      const old = (isUuid(id) ? await this.keys.lock(projectId, id, sql) : null) ?? noSuchKey();
      const now = this.clock.now();
      const rotation = decideRotation(old, now, overlap);
      if (rotation === null) throw new Problem('wrong_state', whyNotRotated(old));
      const endsAt = expiresAt === undefined ? rotation.newExpiresAt : expiresAt;
      refusePast(endsAt, now);
      const made = newKey({ projectId, name: old.name, role: old.role, expiresAt: endsAt }, now);
      await this.keys.insert(made.key, made.hash, sql);
      await this.keys.replace(old, made.key.id, rotation.oldExpiresAt, sql);
      const replaced = { ...old, replacedBy: made.key.id, expiresAt: rotation.oldExpiresAt };
      const notes = [noteOf('apiKey.create', made.key, null, made.key), noteOf('apiKey.rotate', old, old, replaced)];
      return { result: { ...made, oldId: old.id }, notes };
    });
    await this.tellChanged(made.oldId);
    return made;
  }

  /** From a second later on it opens nothing on any replica, on this one from now on. */
  async revoke(projectId: string, id: string): Promise<void> {
    const revoked = await this.writes.run(async (sql) => {
      const key = (isUuid(id) ? await this.keys.lock(projectId, id, sql) : null) ?? noSuchKey();
      await this.keys.delete(projectId, key.id, sql);
      return { result: key, notes: [noteOf('apiKey.revoke', key, key, null)] };
    });
    await this.tellChanged(revoked.id);
  }

  private tellChanged(keyId: string): Promise<void> {
    return this.writes.afterCommit(() => this.messages.publish({ type: 'apiKeyChanged', keyId }));
  }
}

type Given = Pick<ApiKey, 'projectId' | 'name' | 'role' | 'expiresAt'>;

function newKey(given: Given, now: Instant): NewApiKey & { readonly hash: string } {
  const { text, prefix, hash } = newKeyText();
  const id = ids.generateOrResetWithTs(now).toString();
  return { key: { ...given, id, prefix, lastUsedAt: null, replacedBy: null, createdAt: now }, text, hash };
}

function noteOf(action: AuditAction, key: ApiKey, before: ApiKey | null, after: ApiKey | null): AuditNote {
  return noteOfThing(action, key, before && membersOf(before), after && membersOf(after));
}

function membersOf({ name, role, prefix, expiresAt, replacedBy }: ApiKey): Members {
  return { name, role, prefix, expiresAt: expiresAt === null ? null : formatInstant(expiresAt), replacedBy };
}

function refusePast(expiresAt: Instant | null, now: Instant): void {
  if (!hasExpired({ expiresAt }, now)) return;
  throw refuseBody([{ pointer: '/expiresAt', code: 'out_of_range', detail: 'is in the past' }]);
}

function whyNotRotated({ replacedBy }: ApiKey): string {
  return replacedBy === null
    ? 'this key has expired: create a new one'
    : `this key was rotated before: rotate the one in its place, ${replacedBy}, or create a new one`;
}

function noSuchKey(): never {
  throw new Problem('not_found', 'there is no such key');
}
