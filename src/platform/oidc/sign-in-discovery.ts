import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../config.js';
import { discover } from './discovery.js';

/** Where a browser is sent to be signed in, and where it gets its tokens. */
export interface SignInPages {
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly endSessionEndpoint: string | null;
}

const REFRESH_AFTER_MS = 600_000;
const FAILURE_COOLDOWN_MS = 5_000;

/** What the issuer's discovery says to browsers, kept. Only asked for where the dashboard has a client to sign in as. */
@Injectable()
export class SignInDiscovery {
  private readonly logger = new Logger('Access');
  private readonly issuer: string | null;
  private pages: SignInPages | null = null;
  private askedAtMs = -Infinity;
  private asking: Promise<void> | null = null;

  constructor({ oidc }: Config) {
    this.issuer = oidc?.clientId == null ? null : oidc.issuer;
  }

  /** Null when nobody is signed in so, or the issuer could never be asked. Waits for the first answer alone. */
  async find(): Promise<SignInPages | null> {
    const waitMs = this.pages === null ? FAILURE_COOLDOWN_MS : REFRESH_AFTER_MS;
    if (this.issuer !== null && performance.now() - this.askedAtMs > waitMs) this.asking ??= this.ask(this.issuer);
    if (this.pages === null) await this.asking;
    return this.pages;
  }

  /** Never throws. */
  private async ask(issuer: string): Promise<void> {
    try {
      this.pages = readPages(await discover(issuer), issuer);
    } catch (error) {
      this.logger.warn(`the issuer ${issuer} does not say where people sign in; asked again later: ${String(error)}`);
    }
    this.askedAtMs = performance.now();
    this.asking = null;
  }
}

function readPages(about: Readonly<Record<string, unknown>>, issuer: string): SignInPages {
  const address = (name: string): string | null => {
    const text = about[name];
    if (typeof text !== 'string' || !URL.canParse(text)) return null;
    const { protocol } = new URL(text);
    // As safe as the issuer itself, and nothing that a browser would run.
    return protocol === 'https:' || (protocol === 'http:' && issuer.startsWith('http:')) ? text : null;
  };
  const authorizationEndpoint = address('authorization_endpoint');
  const tokenEndpoint = address('token_endpoint');
  if (authorizationEndpoint === null || tokenEndpoint === null) {
    throw new Error('its discovery names no authorization_endpoint or no token_endpoint');
  }
  return { authorizationEndpoint, tokenEndpoint, endSessionEndpoint: address('end_session_endpoint') };
}
