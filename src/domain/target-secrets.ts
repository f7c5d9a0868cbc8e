import type { HeaderValue, HttpTarget, TargetAuth } from './job.js';

/** What a secret is read back as; sent back, it stands for the secret that is stored. */
export const SECRET_MASK = '********';

/** The member of each kind of authentication that is a secret. */
const SECRET_MEMBER = {
  basic: 'password',
  bearer: 'token',
  oauth2: 'clientSecret',
  mtls: 'privateKey',
} as const satisfies Record<TargetAuth['type'], string>;

/** One secret of a target. */
export interface TargetSecret {
  /** Names it among those of its job: `headers.<name in lower case>` or `auth.<member>`. */
  readonly place: string;
  /** Where it stands in the target's JSON. */
  readonly path: readonly string[];
  /** The secret, or its mask. */
  readonly text: string;
  /**
   * Who may get it: the origin (scheme, host, port) that is called, and what else decides where it goes. A secret is kept for
   * this alone, so that nobody who may edit a job reads its secrets by pointing it elsewhere.
   */
  readonly binding: string;
}

type Place = Omit<TargetSecret, 'text'>;

/** Every secret of a target, masked ones too, in a fixed order. The URLs must be valid ones. */
export function secretsOf(target: HttpTarget): TargetSecret[] {
  const secrets: TargetSecret[] = [];
  mapSecrets(target, (text, place) => {
    secrets.push({ ...place, text });
    return text;
  });
  return secrets;
}

/** The target as it is stored and read: secrets are masked. */
export function maskSecrets(target: HttpTarget): HttpTarget {
  return mapSecrets(target, () => SECRET_MASK);
}

/** The target with its secrets in their places. Throws a RangeError when one is masked and `texts` has none for it. */
export function fillSecrets(target: HttpTarget, texts: ReadonlyMap<string, string>): HttpTarget {
  return mapSecrets(target, (text, { place }) => {
    const filled = texts.get(place) ?? text;
    if (filled === SECRET_MASK) throw new RangeError(`no secret is stored for ${place}`);
    return filled;
  });
}

/** A mask that stands for nothing: there is no such secret, or it is kept for somewhere else. */
export interface UnusableMask {
  readonly path: readonly string[];
  readonly code: 'unknown_secret' | 'secret_bound';
  readonly detail: string;
}

/** What becomes of a target's secrets when `target` takes the place of `stored`. */
export interface SecretChanges {
  readonly target: HttpTarget;
  /** To be sealed and stored. */
  readonly given: readonly TargetSecret[];
  /** Places whose stored secret is no longer of use. */
  readonly dropped: readonly string[];
  readonly unusable: readonly UnusableMask[];
}

/** A mask keeps the stored secret of its place, as long as that would go to nobody new; `stored` null: a new job. */
export function changeSecrets(target: HttpTarget, stored: HttpTarget | null): SecretChanges {
  const old = new Map((stored === null ? [] : secretsOf(stored)).map((secret) => [secret.place, secret]));
  const secrets = secretsOf(target);
  const unusable = secrets.flatMap((secret) => {
    if (secret.text !== SECRET_MASK) return [];
    const refusal = refuseMask(secret, old.get(secret.place));
    return refusal === null ? [] : [{ path: secret.path, ...refusal }];
  });
  const places = new Set(secrets.map(({ place }) => place));
  return {
    target: maskSecrets(target),
    given: secrets.filter(({ text }) => text !== SECRET_MASK),
    dropped: [...old.keys()].filter((place) => !places.has(place)),
    unusable,
  };
}

function refuseMask({ binding }: TargetSecret, old: TargetSecret | undefined): Omit<UnusableMask, 'path'> | null {
  if (old === undefined) {
    return { code: 'unknown_secret', detail: 'is the mask of a secret, and none is stored for this place' };
  }
  if (old.binding === binding) return null;
  const detail =
    'is the mask of a secret that is kept for the scheme, host and port (of a token endpoint too) and the certificate that ' +
    'the job has now: send the secret itself, or leave it out';
  return { code: 'secret_bound', detail };
}

function mapSecrets(target: HttpTarget, change: (text: string, place: Place) => string): HttpTarget {
  const binding = originOf(target.url);
  const headers = Object.entries(target.headers).map(([name, value]): [string, HeaderValue] => {
    if (typeof value === 'string') return [name, value];
    const place = `headers.${name.toLowerCase()}`;
    return [name, { ...value, value: change(value.value, { place, path: ['headers', name, 'value'], binding }) }];
  });
  // Defined, not assigned: a header named __proto__ stays a header.
  const mapped = { ...target, headers: Object.fromEntries(headers) };
  return target.auth === undefined ? mapped : { ...mapped, auth: mapAuth(target.auth, binding, change) };
}

function mapAuth(auth: TargetAuth, origin: string, change: (text: string, place: Place) => string): TargetAuth {
  const member = SECRET_MEMBER[auth.type];
  const text = (auth as unknown as Readonly<Record<string, string>>)[member] ?? SECRET_MASK;
  const binding = [origin, ...bindingsOf(auth)].join(' ');
  return { ...auth, [member]: change(text, { place: `auth.${member}`, path: ['auth', member], binding }) };
}

/** What beside the target's origin decides who gets the secret. */
function bindingsOf(auth: TargetAuth): string[] {
  if (auth.type === 'oauth2') return [originOf(auth.tokenUrl)];
  // A key belongs to its certificate: only beside the key itself can it be checked that they match.
  return auth.type === 'mtls' ? [auth.certificate] : [];
}

/** Scheme, host and port, spelled in one way. A stored URL that is none any more binds to its text. */
function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}
