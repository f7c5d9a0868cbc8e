import { generateKeyPairSync } from 'node:crypto';
import { secretsOf } from '../../src/domain/target-secrets.js';
import type { HttpTarget } from '../../src/domain/job.js';
import { sealPlaceOf } from '../../src/persistence/job-secrets.repository.js';
import { KeyRing } from '../../src/platform/secrets/key-ring.js';
import { makeCertificates } from '../support/certificates.js';
import { Api, TEST_KEYS } from './api.js';
import type { Json } from './api.js';

const MASKED = '********';
const MASK = { value: MASKED, secret: true };
const SECRET = { value: 's3cr3t-token', secret: true };
const URL_A = 'https://example.com/a';
const DAILY = { name: 'daily', schedule: '@daily' };
const target = { url: URL_A, headers: { Authorization: SECRET, plain: 'x' } };

let api: Api;
const ring = new KeyRing(TEST_KEYS);

beforeAll(async () => {
  api = await Api.start();
}, 60_000);
afterAll(() => api?.stop());
beforeEach(() => api.reset());

/** What is stored of each job's secrets, opened as a worker would. */
async function stored(): Promise<Record<string, string>> {
  const rows = await api.rows('SELECT s.*, j.target FROM job_secrets s JOIN jobs j ON j.id = s.job_id ORDER BY place');
  return Object.fromEntries(
    rows.map((row) => {
      const { job_id: jobId, place, sealed, target: at } = row as Record<'job_id' | 'place' | 'sealed', string> & Json;
      const secret = secretsOf(at as HttpTarget).find((one) => one.place === place);
      if (secret === undefined) throw new Error(`${place} is not in the target`);
      return [place, ring.open(sealed, sealPlaceOf(jobId, secret))];
    }),
  );
}

const patch = (id: string, change: unknown) => api.call('PATCH', `/jobs/${id}`, { target: change });
const faults = ({ status, body }: { status: number; body: Json }) => [
  status,
  (body['errors'] as { pointer: string; code: string }[]).map(({ pointer, code }) => [pointer, code]),
];

describe('secret headers', () => {
  test('are never read back, and stored sealed alone', async () => {
    const job = await api.create({ ...DAILY, target });
    const answers = [
      job,
      (await api.call('GET', `/jobs/${job.id}`)).body,
      (await api.call('GET', '/jobs')).body,
      (await api.call('PATCH', `/jobs/${job.id}`, { description: 'x' })).body,
      (await api.call('POST', `/jobs/${job.id}/pause`)).body,
    ];
    for (const answer of answers) expect(JSON.stringify(answer)).not.toContain('s3cr3t');
    expect(job['target'].headers).toEqual({ Authorization: MASK, plain: 'x' });
    expect(await stored()).toEqual({ 'headers.authorization': 's3cr3t-token' });
    const rows = await api.rows('SELECT j::text AS job, s::text AS secret FROM jobs j, job_secrets s');
    expect(JSON.stringify(rows)).not.toContain('s3cr3t');
  });

  test('stay when their mask is sent back, and go when they are left out', async () => {
    const { id } = await api.create({ ...DAILY, target });
    await patch(id, { headers: { Authorization: MASK, plain: 'y' } });
    expect(await stored()).toEqual({ 'headers.authorization': 's3cr3t-token' });
    const headers = { authorization: MASK };
    await api.call('PUT', '/jobs/by-name/daily', { ...DAILY, target: { ...target, headers } });
    expect(await stored()).toEqual({ 'headers.authorization': 's3cr3t-token' });
    await patch(id, { headers: { authorization: null } });
    expect(await stored()).toEqual({});
  });

  test('given again as they are they change nothing, given anew they are another version', async () => {
    const first = (await api.call('PUT', '/jobs/by-name/daily', { ...DAILY, target })).body;
    const [row] = await api.rows('SELECT sealed FROM job_secrets');
    expect((await api.call('PUT', '/jobs/by-name/daily', { ...DAILY, target })).body['version']).toBe(first['version']);
    expect(await api.rows('SELECT sealed FROM job_secrets')).toEqual([row]);
    const anew = { ...target, headers: { ...target.headers, Authorization: { ...SECRET, value: 'another' } } };
    expect((await api.call('PUT', '/jobs/by-name/daily', { ...DAILY, target: anew })).body['version']).toBe(2);
    expect(await stored()).toEqual({ 'headers.authorization': 'another' });
  });

  test('a mask without a secret behind it is refused', async () => {
    const answer = await api.call('POST', '/jobs', { ...DAILY, target: { ...target, headers: { key: MASK } } });
    expect(faults(answer)).toEqual([422, [['/target/headers/key/value', 'unknown_secret']]]);
  });

  test('go with their job', async () => {
    const { id } = await api.create({ ...DAILY, target });
    await api.call('DELETE', `/jobs/${id}`);
    expect(await stored()).toEqual({});
  });
});

describe('a secret is kept for the origin that it was given for', () => {
  test.each([
    ['another host', 'https://evil.example/a'],
    ['a host that only begins like it', 'https://example.com.evil.example/a'],
    ['another port', 'https://example.com:8443/a'],
    ['no TLS', 'http://example.com/a'],
    ['a host behind what looks like it', 'https://evil.example/?https://example.com/a'],
  ])('%s', async (_, url) => {
    const auth = { type: 'basic', username: 'u', password: 'p4ssword' };
    const { id } = await api.create({ ...DAILY, target: { url: URL_A, headers: { 'x-key': SECRET }, auth } });
    const refused = [
      ['/target/headers/x-key/value', 'secret_bound'],
      ['/target/auth/password', 'secret_bound'],
    ];
    const masked = { url, headers: { 'x-key': MASK }, auth: { ...auth, password: MASKED } };
    const attempts = [
      await patch(id, { url }),
      await patch(id, masked),
      await api.call('PUT', '/jobs/by-name/daily', { ...DAILY, target: masked }),
    ];
    for (const answer of attempts) expect(faults(answer)).toEqual([422, refused]);
    // Without them, or with them given anew, it may go there.
    expect((await patch(id, { url, headers: { 'x-key': null }, auth: null })).status).toBe(200);
    expect(await stored()).toEqual({});
    expect((await patch(id, { url: URL_A, headers: { 'x-key': MASK } })).status).toBe(422);
  });

  test('no template leads to another host', async () => {
    const { id } = await api.create({ ...DAILY, target });
    for (const url of ['https://{{jobName}}/a', 'https://example.com{{runId}}/', 'https://example.com:{{attempt}}/']) {
      expect((await patch(id, { url })).status).toBe(422);
    }
  });

  test('paths, queries and another spelling of the origin leave it', async () => {
    const { id } = await api.create({ ...DAILY, target });
    for (const url of ['https://example.com/b?c={{runId}}', 'https://EXAMPLE.com:443/b', 'https:\\\\example.com\\b']) {
      expect((await patch(id, { url })).status).toBe(200);
    }
    expect(await stored()).toEqual({ 'headers.authorization': 's3cr3t-token' });
  });

  test('a URL alone in place of the target drops them', async () => {
    const { id } = await api.create({ ...DAILY, target });
    expect((await patch(id, 'https://evil.example')).status).toBe(200);
    expect(await stored()).toEqual({});
  });
});

describe('auth', () => {
  const oauth2 = {
    ...{ type: 'oauth2', tokenUrl: 'https://login.example.com/token', clientId: 'me', clientSecret: 'cl1ent-secret' },
    scope: 'a b',
  };

  test('of each type is kept apart, masked, and changed as a whole by a patch of another type', async () => {
    const { key, certificate, ca } = await makeCertificates();
    const { id } = await api.create({ ...DAILY, target: { url: URL_A, auth: oauth2 } });
    const read = async (): Promise<unknown> => (await api.call('GET', `/jobs/${id}`)).body['target'].auth;
    expect(await read()).toEqual({ ...oauth2, clientSecret: MASKED, credentialsIn: 'header' });
    expect(await stored()).toEqual({ 'auth.clientSecret': 'cl1ent-secret' });

    await patch(id, { auth: { type: 'bearer', token: 't0ken' } });
    expect([await read(), await stored()]).toEqual([{ type: 'bearer', token: MASKED }, { 'auth.token': 't0ken' }]);
    await patch(id, { auth: { type: 'basic', username: 'ü', password: 'p: w' } });
    expect([await read(), await stored()]).toEqual([
      { type: 'basic', username: 'ü', password: MASKED },
      { 'auth.password': 'p: w' },
    ]);
    await patch(id, { auth: { username: 'v' } });
    expect([await read(), await stored()]).toEqual([
      { type: 'basic', username: 'v', password: MASKED },
      { 'auth.password': 'p: w' },
    ]);
    await patch(id, { auth: { type: 'mtls', certificate, privateKey: key, ca } });
    expect(await read()).toEqual({ type: 'mtls', certificate, privateKey: MASKED, ca });
    expect(await stored()).toEqual({ 'auth.privateKey': key });
    await patch(id, { auth: { privateKey: MASKED } });
    expect(await stored()).toEqual({ 'auth.privateKey': key });
    await patch(id, { auth: null });
    expect([await read(), await stored()]).toEqual([undefined, {}]);
  });

  test('a client secret does not follow to another token endpoint', async () => {
    const { id } = await api.create({ ...DAILY, target: { url: URL_A, auth: oauth2 } });
    const answer = await patch(id, { auth: { tokenUrl: 'https://evil.example/token' } });
    expect(faults(answer)).toEqual([422, [['/target/auth/clientSecret', 'secret_bound']]]);
  });

  test('a token endpoint must lie where targets may', async () => {
    const auth = { ...oauth2, tokenUrl: 'http://169.254.169.254/token' };
    const answer = await api.call('POST', '/jobs', { ...DAILY, target: { url: URL_A, auth } });
    expect(faults(answer)).toEqual([422, [['/target/auth/tokenUrl', 'egress_blocked']]]);
  });

  test('what is wrong with it is told with its place, and never repeated', async () => {
    const { key, certificate } = await makeCertificates();
    const other = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const mtls = { type: 'mtls', certificate, privateKey: key };
    const cases: [Json, string, string, string?][] = [
      [{ type: 'digest', password: 's3cr3t' }, '/target/auth/type', 'invalid_value'],
      [{ type: 'basic', username: 'a:b', password: 's3cr3t' }, '/target/auth/username', 'invalid_text'],
      [{ type: 'basic', username: 'a', password: ['s3cr3t'] }, '/target/auth/password', 'invalid_type'],
      [{ type: 'basic', username: 'a', password: 's3cr3t\n' }, '/target/auth/password', 'invalid_text'],
      [{ type: 'bearer', token: 's3cr3t s3cr3t' }, '/target/auth/token', 'invalid_format'],
      [{ type: 'bearer', token: 's3cr3t', password: 's3cr3t' }, '/target/auth/password', 'unknown_member'],
      [{ ...oauth2, tokenUrl: 'https://a.example/{{runId}}' }, '/target/auth/tokenUrl', 'invalid_url'],
      [{ ...oauth2, tokenUrl: 'https://me:s3cr3t@a.example/' }, '/target/auth/tokenUrl', 'credentials_in_url'],
      [{ ...mtls, privateKey: other.privateKey }, '/target/auth/privateKey', 'key_mismatch'],
      [{ ...mtls, privateKey: 's3cr3t' }, '/target/auth/privateKey', 'invalid_key'],
      [{ ...mtls, certificate: key }, '/target/auth/certificate', 'invalid_certificate'],
      [{ ...mtls, ca: 's3cr3t' }, '/target/auth/ca', 'invalid_certificate'],
      [mtls, '/target/auth/type', 'not_allowed', 'http://example.com'],
    ];
    for (const [auth, pointer, code, url = URL_A] of cases) {
      const answer = await api.call('POST', '/jobs', { ...DAILY, target: { url, auth } });
      expect([auth, faults(answer)]).toEqual([auth, [422, [[pointer, code]]]]);
      for (const secret of ['s3cr3t', key.slice(40, 90)]) expect(JSON.stringify(answer.body)).not.toContain(secret);
    }
  });

  test('is not beside a header of its own', async () => {
    const auth = { type: 'bearer', token: 'x' };
    const answer = await api.call('POST', '/jobs', {
      ...DAILY,
      target: { url: URL_A, headers: { AUTHORIZATION: 'y' }, auth },
    });
    expect(faults(answer)).toEqual([422, [['/target/headers/AUTHORIZATION', 'duplicate_header']]]);
  });
});

describe('signing secrets', () => {
  const post = (path = '', body: unknown = {}) => api.call('POST', `/signing-secrets${path}`, body);

  beforeEach(() => api.db.query('DELETE FROM signing_secrets'));

  test('are shown once, one at a time, rotated with an overlap, and revoked', async () => {
    const first = (await post()).body;
    expect(first).toEqual({
      ...{ id: expect.any(String), expiresAt: null, replacedBy: null, createdAt: '2026-03-02T08:00:00.000Z' },
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    });
    expect([(await post()).status, (await post()).body['code']]).toEqual([409, 'wrong_state']);

    const second = await post(`/${first['id']}/rotate`, { overlap: 'PT2H' });
    expect([second.status, second.headers['cache-control']]).toEqual([201, 'no-store']);
    expect(second.body['secret']).not.toBe(first['secret']);
    const list = (await api.call('GET', '/signing-secrets')).body['data'] as Json[];
    expect(list.map(({ id, expiresAt, replacedBy }) => [id, expiresAt, replacedBy])).toEqual([
      [second.body['id'], null, null],
      [first['id'], '2026-03-02T10:00:00.000Z', second.body['id']],
    ]);
    expect(JSON.stringify(list)).not.toContain('whsec_');

    // While two sign there is no third.
    expect((await post(`/${second.body['id']}/rotate`)).body['detail']).toContain('2026-03-02T10:00:00.000Z');
    expect((await post(`/${first['id']}/rotate`)).status).toBe(409);
    api.clock.at += 2 * 3_600_000;
    const third = await post(`/${second.body['id']}/rotate`);
    expect(third.status).toBe(201);
    expect((await api.call('GET', `/signing-secrets/${first['id']}`)).status).toBe(404); // what has ended is gone
    for (const { id } of [second.body, third.body]) {
      expect((await api.call('DELETE', `/signing-secrets/${id}`)).status).toBe(204);
      expect((await api.call('DELETE', `/signing-secrets/${id}`)).status).toBe(404);
    }
    expect((await post()).status).toBe(201);
  });

  test('two created at once are one', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => post()));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(7).fill(409)]);
  });

  test('two rotations at once are one', async () => {
    const { id } = (await post()).body;
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(`/${id}/rotate`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(7).fill(409)]);
  });
});

test('without a key nothing secret is stored, and the answer names the setting', async () => {
  const without = await Api.start({ encryptionKeys: [] });
  try {
    const auth = { type: 'bearer', token: 's3cr3t' };
    const answer = await without.call('POST', '/jobs', {
      ...DAILY,
      target: { url: URL_A, headers: { a: SECRET }, auth },
    });
    expect(faults(answer)).toEqual([
      422,
      [
        ['/target/headers/a/value', 'no_encryption_key'],
        ['/target/auth/token', 'no_encryption_key'],
      ],
    ]);
    expect(answer.body['detail']).toContain('ENCRYPTION_KEYS');
    const signing = await without.call('POST', '/signing-secrets', {});
    expect([signing.status, signing.body['errors'][0].code]).toEqual([422, 'no_encryption_key']);
    expect((await without.call('POST', '/jobs', { ...DAILY, target: URL_A })).status).toBe(201);
    expect(await without.rows('SELECT 1 FROM job_secrets')).toEqual([]);
  } finally {
    await without.stop();
  }
});
