import { startIssuer } from '../support/issuer.js';
import type { Issuer } from '../support/issuer.js';
import { GuardedApi, inProject, ROOT } from './access-fixture.js';

let issuer: Issuer;
let api: GuardedApi;

beforeAll(async () => {
  issuer = await startIssuer();
  api = await GuardedApi.start({
    ...{ OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: 'carillon' },
    ...{ OIDC_CLIENT_ID: 'dashboard', OIDC_SCOPES: 'openid profile' },
  });
  await api.project('billing');
}, 60_000);

afterAll(async () => {
  await api?.stop();
  await issuer?.close();
});

describe('GET /whoami', () => {
  it('names the key, its role and its project', async () => {
    const { id, key } = await api.key('billing', 'editor', { name: 'deploy', expiresAt: '2099-01-01T00:00:00.000Z' });
    expect(await api.must(200, key, 'GET', '/whoami')).toEqual({
      actor: { kind: 'key', id, name: 'deploy' },
      ...{ role: 'editor', auth: 'keys', expiresAt: '2099-01-01T00:00:00.000Z', version: expect.any(String) },
      project: { id: expect.any(String), name: 'billing' },
    });
  });

  it('names who a token was made for, and the root key in the project that it asks for', async () => {
    const token = await issuer.token({ aud: 'carillon', carillon_role: 'viewer', carillon_project: 'billing' });
    expect(await api.must(200, token, 'GET', '/whoami')).toMatchObject({
      ...{ actor: { kind: 'token', id: 'someone', name: null }, role: 'viewer', expiresAt: null },
      project: { name: 'billing' },
    });
    expect(await api.must(200, ROOT, 'GET', '/whoami', undefined, inProject('billing'))).toMatchObject({
      ...{ actor: { kind: 'root', id: null, name: null }, role: 'root' },
      project: { name: 'billing' },
    });
  });

  it('says that the service is open', async () => {
    const open = await api.replica({ AUTH: 'open', HOST: '127.0.0.1', OIDC_ISSUER: '', OIDC_AUDIENCE: '' });
    try {
      expect(await open.must(200, null, 'GET', '/whoami')).toMatchObject({
        ...{ actor: { kind: 'open', id: null, name: null }, role: 'root', auth: 'open' },
        project: { name: 'default' },
      });
      expect(await open.must(200, null, 'GET', '/sign-in')).toEqual({ auth: 'open', oidc: null });
    } finally {
      await open.stop();
    }
  });
});

describe('GET /sign-in', () => {
  const env = (audience: string) => ({
    ...{ OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: audience, OIDC_CLIENT_ID: 'dashboard' },
  });

  it('tells anyone where people sign in', async () => {
    expect(await api.must(200, null, 'GET', '/sign-in')).toEqual({
      auth: 'keys',
      oidc: {
        ...{ issuer: issuer.url, clientId: 'dashboard', scopes: ['openid', 'profile'], audience: 'carillon' },
        ...{ bearer: 'access', authorizationEndpoint: `${issuer.url}/authorize`, tokenEndpoint: `${issuer.url}/token` },
        endSessionEndpoint: null,
      },
    });
    const asked = issuer.asked.length;
    await api.must(200, null, 'GET', '/sign-in');
    expect(issuer.asked).toHaveLength(asked); // kept
  });

  it('takes an id token where it is made for the client itself', async () => {
    const other = await api.replica(env('dashboard'));
    try {
      expect((await other.must(200, null, 'GET', '/sign-in'))['oidc']).toMatchObject({ bearer: 'id' });
    } finally {
      await other.stop();
    }
  });

  it('leaves keys while the issuer is of no use, and nothing of its own to run', async () => {
    issuer.mode = 'error';
    const other = await api.replica(env('carillon'));
    try {
      expect(await other.must(200, null, 'GET', '/sign-in')).toEqual({ auth: 'keys', oidc: null });
    } finally {
      issuer.mode = 'well';
      await other.stop();
    }
  });
});
