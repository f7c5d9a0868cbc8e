import { Injectable } from '@nestjs/common';
import { Problem } from '../domain/errors.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import { ApiKeysRepository } from '../persistence/api-keys.repository.js';
import { ProjectsRepository } from '../persistence/projects.repository.js';
import type { Caller } from '../platform/caller.js';
import { Config } from '../platform/config.js';
import { SignInDiscovery } from '../platform/oidc/sign-in-discovery.js';
import { VERSION } from '../platform/version.js';
import type { SignInView, WhoamiView } from './whoami.schemas.js';

/** Says who a caller is, and how one becomes one. */
@Injectable()
export class WhoamiService {
  constructor(
    private readonly keys: ApiKeysRepository,
    private readonly projects: ProjectsRepository,
    private readonly discovery: SignInDiscovery,
    private readonly config: Config,
  ) {}

  async of({ projectId, keyId, subject, role }: Caller): Promise<WhoamiView> {
    const { auth } = this.config;
    const [project, key] = await Promise.all([
      this.projects.find(projectId),
      keyId === null ? null : this.keys.find(projectId, keyId),
    ]);
    // Revoked between the guard and here.
    if (project === null || (keyId !== null && key === null)) {
      throw new Problem('unauthenticated', 'this key is not known, was revoked, or has expired');
    }
    const kind = keyId !== null ? 'key' : subject !== null ? 'token' : auth === 'open' ? 'open' : 'root';
    return {
      actor: { kind, id: keyId ?? subject, name: key?.name ?? null },
      role,
      project: { id: project.id, name: project.name },
      auth,
      expiresAt: key?.expiresAt == null ? null : formatInstant(key.expiresAt),
      version: VERSION,
    };
  }

  async waysIn(): Promise<SignInView> {
    const { auth, oidc } = this.config;
    const pages = await this.discovery.find();
    if (oidc?.clientId == null || pages === null) return { auth, oidc: null };
    const { issuer, clientId, scopes, audience } = oidc;
    // An id token is made for the client; an access token for the service that it is sent to (RFC 9068).
    const bearer = clientId === audience ? 'id' : 'access';
    return { auth, oidc: { ...{ issuer, clientId, scopes: [...scopes], audience, bearer }, ...pages } };
  }
}
