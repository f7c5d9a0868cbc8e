import { Injectable, Logger } from '@nestjs/common';
import { errors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import type { Project } from '../../domain/access.js';
import { Problem } from '../../domain/errors.js';
import { readToken } from '../../domain/token-claims.js';
import type { Caller } from '../../platform/caller.js';
import { Clock } from '../../platform/clock.js';
import { Config } from '../../platform/config.js';
import type { OidcSettings } from '../../platform/config.js';
import { FAILURE_COOLDOWN_MS, IssuerKeys, IssuerUnavailableError } from './issuer-keys.js';
import { ProjectLookups } from './project-lookups.js';

/** Signatures that only the issuer can make: with a shared secret (HS256) our audience could, and `none` is nobody's. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** Between the issuer's clock and that of our database. */
const CLOCK_TOLERANCE_SECONDS = 10;
const MAX_SUBJECT_LENGTH = 255;

/** Lets in who has a token of the issuer in OIDC_ISSUER that was made for us. */
@Injectable()
export class TokensService {
  private readonly logger = new Logger('Access');
  private readonly oidc: OidcSettings | null;
  private readonly keys: IssuerKeys | null;

  constructor(
    { oidc }: Config,
    private readonly projects: ProjectLookups,
    private readonly clock: Clock,
  ) {
    this.oidc = oidc;
    this.keys = oidc === null ? null : new IssuerKeys(oidc.issuer);
  }

  /** Whether this may be one: three parts, as a signed JWT has them. Never an API key, which has no dot. */
  takes(credential: string): boolean {
    return this.oidc !== null && /^[\w-]+\.[\w-]+\.[\w-]*$/.test(credential);
  }

  /** `asked`: name or id of the project that the request is for. Throws a Problem for who is not let in. */
  async identify(token: string, asked: string | undefined): Promise<Caller> {
    const { oidc, keys } = this;
    if (oidc === null || keys === null) throw new Problem('unauthenticated', REFUSED);
    const claims = await this.verify(token, oidc, keys);
    const reading = readToken(claims, oidc.claims, asked);
    if (!reading.ok) throw new Problem('forbidden', reading.why);
    const { role, project: name } = reading.access;
    const project = await this.projectOf(name);
    return { projectId: project.id, role, keyId: null, subject: claims.sub ?? '', rateLimits: project.rateLimits };
  }

  private async verify(token: string, oidc: OidcSettings, keys: IssuerKeys): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, (header, jws) => keys.find(header, jws), {
        issuer: oidc.issuer,
        audience: oidc.audience,
        algorithms: ALGORITHMS,
        requiredClaims: ['sub', 'exp'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(this.clock.now()),
      });
      if (payload.sub === '' || (payload.sub ?? '').length > MAX_SUBJECT_LENGTH) throw new errors.JWTInvalid('sub');
      return payload;
    } catch (error) {
      if (error instanceof IssuerUnavailableError) {
        // Once a look, not for every token that comes meanwhile.
        if (error.cause !== undefined) this.logger.warn(`the issuer ${oidc.issuer} is of no use: ${error.message}`);
        const detail = "the issuer of tokens can't be asked for its keys right now; API keys work";
        throw new Problem('unavailable', detail, [], FAILURE_COOLDOWN_MS / 1_000);
      }
      if (!(error instanceof errors.JOSEError)) throw error;
      throw new Problem('unauthenticated', error instanceof errors.JWTExpired ? EXPIRED : REFUSED);
    }
  }

  private async projectOf(name: string): Promise<Project> {
    const project = await this.projects.find(name);
    if (project !== null) return project;
    throw new Problem('forbidden', 'the token is for a project that is not here');
  }
}

const EXPIRED = 'this token has expired';
const REFUSED = 'this token is not valid here: its signature, issuer, audience or time is not right';
