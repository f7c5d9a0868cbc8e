import { createHmac } from 'node:crypto';
import { exportSPKI, generateKeyPair, importJWK } from 'jose';
import type { CryptoKey, JWK, JWTPayload } from 'jose';
import { IssuerKeys } from '../../src/access/tokens/issuer-keys.js';
import { callerOf } from '../../src/platform/caller.js';
import type { Caller } from '../../src/platform/caller.js';
import { IdentificationService } from '../../src/access/identification.service.js';
import { startIssuer } from '../support/issuer.js';
import type { Issuer } from '../support/issuer.js';
import { GuardedApi, inProject, ROOT } from './access-fixture.js';

const AUDIENCE = 'carillon';
let issuer: Issuer;
let api: GuardedApi;

beforeAll(async () => {
  issuer = await startIssuer();
  api = await GuardedApi.start({ OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: AUDIENCE });
  await api.project('billing');
  await api.project('other');
}, 60_000);

afterAll(async () => {
  await api?.stop();
  await issuer?.close();
});

const claims = (more: JWTPayload = {}): JWTPayload => ({
  ...{ aud: AUDIENCE, carillon_role: 'editor', carillon_project: 'billing' },
  ...more,
});
const tokenOf = (more: JWTPayload = {}) => issuer.token(claims(more));
const read = async (token: string, headers: Record<string, string> = {}) =>
  api.call(token, 'GET', '/jobs', undefined, headers);

describe('a token of the issuer', () => {
  it('lets in with the role and into the project that it names', async () => {
    const token = await tokenOf();
    const job = { name: 'made-by-token', schedule: 'PT1H', target: 'https://example.com/' };
    const { id } = await api.must(201, token, 'POST', '/jobs', job);
    expect((await api.must(200, token, 'GET', '/jobs'))['data']).toMatchObject([{ id }]);
    expect((await api.call(token, 'GET', '/api-keys')).status).toBe(403);
    const viewer = await tokenOf({ carillon_role: ['viewer', 'staff'] });
    expect((await read(viewer)).status).toBe(200);
    expect((await api.call(viewer, 'POST', '/jobs', job)).status).toBe(403);
    const stranger = await tokenOf({ carillon_project: 'other', carillon_role: 'admin' });
    expect((await api.call(stranger, 'GET', `/jobs/${String(id)}`)).status).toBe(404);
    expect((await api.call(stranger, 'POST', '/projects', { name: 'x' })).status).toBe(403);
  });

  it('for several projects acts in the one that the header names', async () => {
    const token = await tokenOf({ carillon_project: ['billing', 'other'] });
    expect((await read(token)).status).toBe(403);
    expect((await read(token, inProject('other'))).status).toBe(200);
    expect((await read(token, inProject('default'))).status).toBe(403);
    expect((await read(await tokenOf({ carillon_project: 'no-such' }))).status).toBe(403);
    expect((await read(await tokenOf({ carillon_role: 'root' }))).status).toBe(403);
  });

  it('says who it was made for', async () => {
    const identification = api.app.get(IdentificationService);
    const authorization = `Bearer ${await tokenOf({ sub: 'alice' })}`;
    const caller: Caller = await identification.identify({ authorization, project: undefined });
    expect(caller).toMatchObject({ subject: 'alice', keyId: null, role: 'editor', rateLimits: { perKey: null } });
    expect(() => callerOf({})).toThrow();
  });

  it('leaves keys as they are', async () => {
    const { key } = await api.key('billing', 'viewer');
    expect((await read(key)).status).toBe(200);
    expect((await read(ROOT)).status).toBe(200);
  });
});

describe('is refused with 401', () => {
  const seconds = (from: number) => Math.floor(Date.now() / 1_000) + from;

  it.each<[string, () => Promise<string>]>([
    ['for another audience', () => tokenOf({ aud: 'another' })],
    ['without an audience', () => issuer.token({ carillon_role: 'admin', carillon_project: 'billing' })],
    ['of another issuer', () => tokenOf({ iss: 'https://example.com' })],
    ['that has expired', () => tokenOf({ exp: seconds(-30) })],
    ['that never expires', () => tokenOf({ exp: undefined })],
    ['of the future', () => tokenOf({ nbf: seconds(60) })],
    ['for nobody', () => tokenOf({ sub: undefined })],
    ['for an empty name', () => tokenOf({ sub: '' })],
    ['signed by another key', async () => issuer.token(claims(), (await generateKeyPair('ES256')).privateKey)],
    ['with another content', async () => tampered(await tokenOf())],
    ['without a signature', async () => unsigned(await tokenOf(), 'none')],
    ['without a signature, in other letters', async () => unsigned(await tokenOf(), 'nOnE')],
    ['signed with our public key as a secret', async () => hmacWithPublicKey(issuer.jwks[0] as JWK)],
    ['that is none', async () => 'a.b.c'],
    ['whose header is no JSON', async () => `${Buffer.from('{').toString('base64url')}.e30.`],
  ])('%s', async (_, make) => {
    const token = await make();
    const { status, headers, body } = await read(token);
    expect([status, body['code']]).toEqual([401, 'unauthenticated']);
    expect(headers['www-authenticate']).toBe('Bearer');
    expect(JSON.stringify(body)).not.toContain(token.slice(0, 12));
  });

  it('but not for some seconds between the clocks', async () => {
    expect((await read(await tokenOf({ exp: seconds(-4), nbf: seconds(4) }))).status).toBe(200);
  });
});

describe('keys of the issuer', () => {
  let own: Issuer;
  let nowMs: number;
  let keys: IssuerKeys;

  beforeEach(async () => {
    own = await startIssuer();
    nowMs = 0;
    keys = new IssuerKeys(own.url, () => nowMs);
  });
  afterEach(() => own.close());

  /** Looks for the key of a token made now. */
  async function find(): Promise<boolean> {
    const [protectedHeader = '', payload = '', signature = ''] = (await own.token()).split('.');
    const header = JSON.parse(Buffer.from(protectedHeader, 'base64url').toString()) as { alg: string };
    await keys.find(header, { protected: protectedHeader, payload, signature });
    return true;
  }
  const looks = () => own.asked.filter((path) => path === '/keys').length;

  it('are asked for once, and again beside requests when they are old', async () => {
    await Promise.all([find(), find(), find()]);
    await find();
    expect(looks()).toBe(1);
    nowMs = 600_001;
    own.mode = 'hang';
    await find(); // does not wait
    expect(own.asked.length).toBeGreaterThanOrEqual(2);
  });

  it('are looked up when a new one comes, but not for every unknown one', async () => {
    await find();
    await own.rotate();
    await expect(find()).rejects.toThrow('no applicable key');
    nowMs = 30_001;
    expect(await find()).toBe(true);
    await own.rotate(false);
    for (let guess = 0; guess < 5; guess += 1) await expect(find()).rejects.toThrow('no applicable key');
    expect(looks()).toBe(2);
    nowMs = 60_002;
    for (let guess = 0; guess < 5; guess += 1) await expect(find()).rejects.toThrow('no applicable key');
    expect(looks()).toBe(3);
  });

  it('hold for a day while the issuer is away, and no longer', async () => {
    await find();
    own.mode = 'error';
    nowMs = 86_000_000;
    expect(await find()).toBe(true);
    nowMs = 86_500_000;
    // The look beside the request before may fail only now, which counts as well.
    await expect(find()).rejects.toThrow(/answered 500|failed a moment ago/);
    await expect(find()).rejects.toThrow('failed a moment ago');
    own.mode = 'well';
    nowMs += 5_000;
    expect(await find()).toBe(true);
  });

  it.each(['rubbish', 'other name', 'error'] as const)(
    'are not taken from an issuer that answers so: %s',
    async (mode) => {
      own.mode = mode;
      await expect(find()).rejects.toThrow();
    },
  );
});

describe('while the issuer is away', () => {
  it('a service starts, tokens are 503 with Retry-After, and keys work', async () => {
    const away = await startIssuer();
    await away.close();
    const alone = await api.replica({ OIDC_ISSUER: away.url, OIDC_AUDIENCE: AUDIENCE });
    try {
      const { status, headers, body } = await alone.call(await tokenOf(), 'GET', '/jobs');
      expect([status, body['code'], headers['retry-after']]).toEqual([503, 'unavailable', '5']);
      const { key } = await alone.key('billing', 'viewer');
      expect((await alone.call(key, 'GET', '/jobs')).status).toBe(200);
    } finally {
      await alone.stop();
    }
  }, 30_000);

  it('and hangs, a token waits a few seconds once, the next ones not', async () => {
    const hanging = await startIssuer();
    hanging.mode = 'hang';
    const alone = await api.replica({ OIDC_ISSUER: hanging.url, OIDC_AUDIENCE: AUDIENCE });
    try {
      const token = await hanging.token(claims());
      expect((await alone.call(token, 'GET', '/jobs')).status).toBe(503);
      const startedAtMs = performance.now();
      expect((await alone.call(token, 'GET', '/jobs')).status).toBe(503);
      expect(performance.now() - startedAtMs).toBeLessThan(1_000);
    } finally {
      await alone.stop();
      await hanging.close();
    }
  }, 30_000);
});

function tampered(token: string): string {
  const [header, payload = '', signature] = token.split('.');
  const content = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  return [header, encode({ ...content, carillon_role: 'admin' }), signature].join('.');
}

function unsigned(token: string, alg: string): string {
  return `${encode({ alg, typ: 'JWT' })}.${token.split('.')[1] ?? ''}.`;
}

/** What a verifier that goes by the token's own algorithm would take. */
async function hmacWithPublicKey(jwk: JWK): Promise<string> {
  const pem = await exportSPKI((await importJWK(jwk, 'ES256')) as CryptoKey);
  const now = Math.floor(Date.now() / 1_000);
  const content = claims({ iss: issuer.url, sub: 'someone', exp: now + 300, carillon_role: 'admin' });
  const signed = `${encode({ alg: 'HS256', kid: jwk.kid })}.${encode(content)}`;
  return `${signed}.${createHmac('sha256', pem).update(signed).digest('base64url')}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
