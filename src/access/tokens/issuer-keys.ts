import { createLocalJWKSet, errors } from 'jose';
import type { FlattenedJWSInput, JSONWebKeySet, JWSHeaderParameters } from 'jose';
import { discover, fetchJson } from '../../platform/oidc/discovery.js';

type KeySet = ReturnType<typeof createLocalJWKSet>;
type Key = Awaited<ReturnType<KeySet>>;

/** Older keys still hold while others are fetched beside the requests. */
const REFRESH_AFTER_MS = 600_000;
/** Beyond, a key that the issuer has withdrawn may be among them: nothing is verified with them any more. */
const TRUSTED_FOR_MS = 86_400_000;
/** A key that nobody knows is looked for so often at most, whatever tokens come. */
const UNKNOWN_COOLDOWN_MS = 30_000;
/** A failed look is not repeated sooner. */
export const FAILURE_COOLDOWN_MS = 5_000;

/** The issuer can't be asked, or answers nothing of use. */
export class IssuerUnavailableError extends Error {}

/** The keys of an OpenID Connect issuer, found by discovery (OpenID Connect Discovery 1.0) and kept. */
export class IssuerKeys {
  private keys: KeySet | null = null;
  private loadedAtMs = -Infinity;
  private failedAtMs = -Infinity;
  private loading: Promise<KeySet> | null = null;

  constructor(
    private readonly issuer: string,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** Throws IssuerUnavailableError, and JWKSNoMatchingKey for a key that the issuer does not have. */
  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<Key> {
    const keys = this.keys === null || this.ageMs > TRUSTED_FOR_MS ? await this.load() : this.keys;
    if (this.ageMs > REFRESH_AFTER_MS) this.load().catch(() => undefined);
    try {
      return await keys(header, token);
    } catch (error) {
      const mayBeNew = error instanceof errors.JWKSNoMatchingKey && this.ageMs > UNKNOWN_COOLDOWN_MS;
      if (!mayBeNew) throw error;
      return (await this.load())(header, token);
    }
  }

  private get ageMs(): number {
    return this.nowMs() - this.loadedAtMs;
  }

  /** Requests of one moment share one look. */
  private load(): Promise<KeySet> {
    if (this.nowMs() - this.failedAtMs < FAILURE_COOLDOWN_MS) {
      return Promise.reject(new IssuerUnavailableError('the last look failed a moment ago'));
    }
    this.loading ??= this.fetchKeys()
      .then((keys) => {
        this.keys = keys;
        this.loadedAtMs = this.nowMs();
        return keys;
      })
      .catch((error: unknown) => {
        this.failedAtMs = this.nowMs();
        throw new IssuerUnavailableError(reasonOf(error), { cause: error });
      })
      .finally(() => (this.loading = null));
    return this.loading;
  }

  private async fetchKeys(): Promise<KeySet> {
    const address = (await discover(this.issuer))['jwks_uri'];
    if (typeof address !== 'string' || !URL.canParse(address)) throw new Error('it does not say where its keys are');
    if (new URL(address).protocol !== 'https:' && new URL(this.issuer).protocol === 'https:') {
      throw new Error('its keys would not come over https');
    }
    return createLocalJWKSet((await fetchJson(address)) as unknown as JSONWebKeySet);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
