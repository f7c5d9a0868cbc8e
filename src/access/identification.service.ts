import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { hasExpired, isUseWorthNoting } from '../domain/access.js';
import type { AccessRole } from '../domain/access.js';
import { Problem } from '../domain/errors.js';
import type { PresentedKey } from '../persistence/api-keys.repository.js';
import { ProjectsRepository } from '../persistence/projects.repository.js';
import { NO_KEY } from '../platform/caller.js';
import type { Caller } from '../platform/caller.js';
import { Clock } from '../platform/clock.js';
import { Config } from '../platform/config.js';
import { Identification } from '../platform/identification.js';
import type { Credentials } from '../platform/identification.js';
import { isUuid } from '../platform/contract/values.schema.js';
import { DEFAULT_PROJECT } from '../platform/project.js';
import { KeyLookups } from './key-lookups.js';
import { KeyUses } from './key-uses.js';
import { hashOf, looksLikeKey } from './key-text.js';
import { TokensService } from './tokens/tokens.service.js';

/** Finds out who sends a request, from the root key, an API key, a token of the issuer, or the service being open. */
@Injectable()
export class IdentificationService extends Identification {
  private readonly open: boolean;
  private readonly rootHash: Buffer | null;
  /** What was read of keys, whose use is noted since: the next reading, within a second, shows it. */
  private readonly noted = new WeakSet<PresentedKey>();

  constructor(
    { auth, rootApiKey }: Config,
    private readonly lookups: KeyLookups,
    private readonly uses: KeyUses,
    private readonly tokens: TokensService,
    private readonly projects: ProjectsRepository,
    private readonly clock: Clock,
  ) {
    super();
    this.open = auth === 'open';
    this.rootHash = rootApiKey === null ? null : Buffer.from(hashOf(rootApiKey));
  }

  async identify({ authorization, project }: Credentials): Promise<Caller> {
    if (this.open) return this.root(project);
    const key = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? '')?.[1];
    if (key === undefined) throw new Problem('unauthenticated', NO_KEY);
    const hash = hashOf(key);
    // Of the hashes: their length tells nothing, nor does how many of their digits are alike.
    if (this.rootHash !== null && timingSafeEqual(Buffer.from(hash), this.rootHash)) return this.root(project);
    if (this.tokens.takes(key)) return this.tokens.identify(key, project);
    const found = looksLikeKey(key) ? await this.lookups.find(hash) : null;
    const now = this.clock.now();
    if (found === null || hasExpired(found, now)) {
      throw new Problem('unauthenticated', 'this key is not known, was revoked, or has expired');
    }
    if (project !== undefined && project !== found.projectName && project.toLowerCase() !== found.projectId) {
      // The same words whether there is such a project or not.
      throw new Problem('forbidden', 'a key acts in its own project alone: leave the header carillon-project out');
    }
    if (isUseWorthNoting(found, now)) this.noteUse(found);
    const { projectId, role, id: keyId, rateLimits } = found;
    return { projectId, role, keyId, subject: null, rateLimits };
  }

  private async root(project: string | undefined): Promise<Caller> {
    const role = 'root' satisfies AccessRole;
    return { projectId: await this.projectOf(project), role, keyId: null, subject: null, rateLimits: null };
  }

  private async projectOf(given: string | undefined): Promise<string> {
    if (given === undefined || given === DEFAULT_PROJECT.name) return DEFAULT_PROJECT.id;
    const project = isUuid(given) ? await this.projects.find(given) : await this.projects.findNamed(given);
    if (project !== null) return project.id;
    throw new Problem('invalid_parameter', 'the header carillon-project names no project by its name or id');
  }

  private noteUse(key: PresentedKey): void {
    if (this.noted.has(key)) return;
    this.noted.add(key);
    this.uses.note(key);
  }
}
