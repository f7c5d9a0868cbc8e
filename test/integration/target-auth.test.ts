import { once } from 'node:events';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Webhook } from 'standardwebhooks';
import { DEFAULT_RETRY } from '../../src/domain/job.js';
import type { HttpTarget, TargetAuth } from '../../src/domain/job.js';
import { maskSecrets, secretsOf } from '../../src/domain/target-secrets.js';
import { Delivery } from '../../src/execution/delivery.js';
import { RunSecrets } from '../../src/execution/run-secrets.js';
import { AccessTokens } from '../../src/execution/targets/access-tokens.js';
import { Cancellation } from '../../src/execution/targets/cancellation.js';
import { EgressGuard } from '../../src/execution/targets/egress-guard.js';
import { HttpTarget as TargetClient } from '../../src/execution/targets/http-target.js';
import type { Answer } from '../../src/execution/targets/http-target.js';
import type { ClaimedRun } from '../../src/persistence/claims.repository.js';
import { sealPlaceOf } from '../../src/persistence/job-secrets.repository.js';
import { sealPlaceOfSigning } from '../../src/persistence/signing-secrets.repository.js';
import { EgressPolicy } from '../../src/platform/egress/egress-policy.js';
import { KeyRing } from '../../src/platform/secrets/key-ring.js';
import { Authority } from '../support/certificates.js';
import { startReceiver } from '../support/receiver.js';
import type { Receiver } from '../support/receiver.js';
import { TEST_KEYS } from './api.js';
import { testConfig } from './ledger-fixture.js';

const RUN_ID = '019eb167-5600-7a16-baf7-5c55017786bb';
const ring = new KeyRing(TEST_KEYS);

let receiver: Receiver;
let client: TargetClient;
let delivery: Delivery;

beforeAll(async () => {
  receiver = await startReceiver();
});
beforeEach(() => {
  receiver.clear();
  client = new TargetClient(new EgressGuard(new EgressPolicy(testConfig({}))));
  delivery = new Delivery(new RunSecrets(ring), new AccessTokens(client), client);
});
afterEach(() => client.onApplicationShutdown());
afterAll(() => receiver?.close());

/** A run as it is claimed, of a job whose target has these secrets. */
function run(target: Partial<HttpTarget>, more: Partial<ClaimedRun> = {}): ClaimedRun {
  const clear: HttpTarget = {
    ...{ type: 'http', method: 'POST', url: `${receiver.url}/hook`, headers: {}, timeoutMs: 5_000 },
    ...{ success: { statuses: ['2xx'] }, ...target },
  };
  const sealed = secretsOf(clear).map((secret) => [secret.place, ring.seal(secret.text, sealPlaceOf('job', secret))]);
  return {
    ...{ id: RUN_ID, scheduledFor: 0, dueAt: 0, projectId: 'project', jobId: 'job', jobName: 'n', trigger: 'schedule' },
    ...{ token: 't', attempt: 1, lostAttempts: 0, handedBack: 0, firstStartedAt: null, body: null },
    ...{ availableAt: 0, claimedAt: 0 },
    ...{ retry: DEFAULT_RETRY, overlap: 'allow', signingSecrets: null },
    target: maskSecrets(clear),
    secrets: sealed.length === 0 ? null : (Object.fromEntries(sealed) as Record<string, string>),
    ...more,
  };
}

const call = (claimed: ClaimedRun, cancellation = new Cancellation()): Promise<Answer> =>
  delivery.call(claimed, Date.now(), cancellation);
const sent = (header = 'authorization') => receiver.requestsTo('/hook').map(({ headers }) => headers[header]);

test.each<[string, TargetAuth, string]>([
  ['basic', { type: 'basic', username: 'Aladdin', password: 'open sesame' }, 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='], // RFC 7617, 2
  ['basic, in UTF-8', { type: 'basic', username: 'test', password: '123£' }, 'Basic dGVzdDoxMjPCow=='], // RFC 7617, 2.1
  ['bearer', { type: 'bearer', token: 'mF_9.B5f-4.1JqM' }, 'Bearer mF_9.B5f-4.1JqM'], // RFC 6750, 2.1
])('%s', async (_, auth, expected) => {
  expect(await call(run({ auth }))).toMatchObject({ kind: 'answered', status: 200 });
  expect(sent()).toEqual([expected]);
});

test('secret headers and their templates', async () => {
  await call(run({ headers: { 'X-Key': { value: 's3cret-{{attempt}}', secret: true }, plain: 'x' } }));
  expect([sent('x-key'), sent('plain')]).toEqual([['s3cret-1'], ['x']]);
});

test('no call goes out when a secret is missing, or was sealed for another origin or job', async () => {
  const auth: TargetAuth = { type: 'bearer', token: 's3cret-token' };
  const good = run({ auth });
  const bad: ClaimedRun[] = [
    { ...good, secrets: null },
    { ...good, secrets: {} },
    { ...good, jobId: 'other' },
    { ...good, target: { ...good.target, url: `${receiver.url.replace('127.0.0.1', 'localhost')}/hook` } },
    { ...good, signingSecrets: [{ id: 's', sealed: 'gone:AAAA' }] },
  ];
  for (const claimed of bad)
    expect(await call(claimed)).toMatchObject({ kind: 'unreachable', code: 'secret_unreadable' });
  expect(receiver.requests).toEqual([]);
});

describe('what comes back', () => {
  const headers = { 'x-key': { value: 'Token s3cret-"value"', secret: true } } as const;
  const auth: TargetAuth = { type: 'basic', username: 'u', password: 'pa55w0rd' };

  test('is kept without the secrets that the target repeats', async () => {
    receiver.answer('/hook', ({ headers: got }) => ({ status: 500, body: JSON.stringify({ got, p: 'pa55w0rd' }) }));
    const answer = await call(run({ headers, auth }));
    const { bodyExcerpt } = answer as { bodyExcerpt: string };
    expect(bodyExcerpt).toContain('********');
    for (const text of ['s3cret', 'value', 'pa55w0rd', 'dTpwYTU1dzByZA']) expect(bodyExcerpt).not.toContain(text);
  });

  test('also where the end of the excerpt cuts a secret, or an answer comes in pieces', async () => {
    for (let cut = 0; cut <= 20; cut += 1) {
      receiver.answer('/hook', {
        status: 500,
        body: `${'x'.repeat(2_048 - cut)}Token s3cret-"value"${'y'.repeat(100)}`,
      });
      const { bodyExcerpt } = (await call(run({ headers }))) as { bodyExcerpt: string };
      expect(bodyExcerpt.slice(2_048 - cut)).toBe(`********${'y'.repeat(100)}`.slice(0, cut));
    }
  });
});

describe('signatures', () => {
  const secretOf = (id: string, byte: number) => {
    const text = `whsec_${Buffer.alloc(32, byte).toString('base64')}`;
    return { text, stored: { id, sealed: ring.seal(text, sealPlaceOfSigning({ id, projectId: 'project' })) } };
  };
  const [first, second] = [secretOf('1', 1), secretOf('2', 2)];
  const verify = (secret: string): unknown => {
    const { headers, body } = receiver.requests.at(-1) ?? { headers: {}, body: '' };
    return new Webhook(secret).verify(body, headers as Record<string, string>, { jsonParse: false });
  };

  test.each<[string, Partial<HttpTarget>, Partial<ClaimedRun>]>([
    ['the standard body', {}, {}],
    ['a body outside ASCII', { body: { text: 'ü ☃ 😀' } }, {}],
    ['a body of text', { body: 'hello {{runId}}' }, {}],
    ['a body of its own', {}, { body: '{"b":[1,2]}' }],
    ['no body', { method: 'GET' }, {}],
  ])('verify with the reference package: %s', async (_, target, more) => {
    await call(run(target, { ...more, signingSecrets: [first.stored] }));
    expect(() => verify(first.text)).not.toThrow();
    expect(() => verify(second.text)).toThrow('No matching signature');
    expect(sent('webhook-signature')[0]).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
  });

  test('are two while a secret is being rotated, each good for itself', async () => {
    await call(run({}, { signingSecrets: [second.stored, first.stored] }));
    for (const { text } of [first, second]) expect(() => verify(text)).not.toThrow();
    expect(sent('webhook-signature')[0]).toMatch(/^v1,\S{44} v1,\S{44}$/);
  });

  test('carry the time of the attempt', async () => {
    const at = Date.now() - 60_000;
    await delivery.call(run({}, { signingSecrets: [first.stored] }), at, new Cancellation());
    expect(sent('webhook-timestamp')).toEqual([String(Math.floor(at / 1_000))]);
    expect(() => verify(first.text)).not.toThrow();
  });

  test('are not there without a secret', async () => {
    await call(run({}));
    expect(sent('webhook-signature')).toEqual([undefined]);
  });
});

describe('OAuth 2 client credentials', () => {
  const oauth2 = (more: Partial<Extract<TargetAuth, { type: 'oauth2' }>> = {}): TargetAuth => ({
    ...{ type: 'oauth2', tokenUrl: `${receiver.url}/token`, clientId: 'me:1', clientSecret: 'cl1ent secret/ü' },
    ...{ credentialsIn: 'header', ...more },
  });
  const asked = () => receiver.requestsTo('/token');
  let tokens: number;

  beforeEach(() => {
    tokens = 0;
    giveTokens();
  });

  function giveTokens(more: Record<string, unknown> = { expires_in: 3_600 }): void {
    receiver.answer('/token', () => {
      tokens += 1;
      const body = JSON.stringify({ access_token: `access-token-${tokens}`, token_type: 'bearer', ...more });
      return { status: 200, headers: { 'content-type': 'application/json' }, body };
    });
  }

  test('get a token once, for many calls, also at the same time', async () => {
    const claimed = run({ auth: oauth2({ scope: 'a b', audience: 'https://api' }) });
    await Promise.all(Array.from({ length: 20 }, () => call(claimed)));
    await call(claimed);
    expect(sent()).toEqual(Array(21).fill('Bearer access-token-1'));
    expect(asked()).toHaveLength(1);
    const [{ method, headers, body } = { method: '', headers: {}, body: '' }] = asked();
    expect([method, headers['content-type']]).toEqual(['POST', 'application/x-www-form-urlencoded']);
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      ...{ grant_type: 'client_credentials', scope: 'a b', audience: 'https://api' },
    });
    const pair = Buffer.from(String(headers.authorization).slice('Basic '.length), 'base64').toString();
    expect(pair).toBe('me%3A1:cl1ent+secret%2F%C3%BC');
  });

  test('id and secret in the form, where the endpoint wants them there', async () => {
    await call(run({ auth: oauth2({ credentialsIn: 'body' }) }));
    expect(asked()[0]?.headers.authorization).toBeUndefined();
    expect(Object.fromEntries(new URLSearchParams(asked()[0]?.body))).toEqual({
      ...{ grant_type: 'client_credentials', client_id: 'me:1', client_secret: 'cl1ent secret/ü' },
    });
  });

  test('are not shared with another project, nor with other credentials', async () => {
    await call(run({ auth: oauth2() }));
    await call(run({ auth: oauth2() }, { projectId: 'another' }));
    await call(run({ auth: oauth2({ clientSecret: 'another' }) }));
    expect(asked()).toHaveLength(3);
  });

  test('get another token half a minute before the first one ends', async () => {
    const real = performance.now.bind(performance);
    let laterMs = 0;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => real() + laterMs);
    try {
      for (laterMs of [0, 3_600_000 - 40_000, 3_600_000 - 29_000]) await call(run({ auth: oauth2() }));
    } finally {
      clock.mockRestore();
    }
    expect(sent()).toEqual(['Bearer access-token-1', 'Bearer access-token-1', 'Bearer access-token-2']);
  });

  test('get another token, once, when the target does not accept the first', async () => {
    receiver.answer('/hook', { status: 401 }, { status: 200 });
    expect(await call(run({ auth: oauth2() }))).toMatchObject({ kind: 'answered', status: 200 });
    expect(sent()).toEqual(['Bearer access-token-1', 'Bearer access-token-2']);
    expect(new Set(sent('webhook-id'))).toEqual(new Set([RUN_ID]));
    receiver.answer('/hook', { status: 401 });
    expect(await call(run({ auth: oauth2() }))).toMatchObject({ kind: 'answered', status: 401 });
    expect(sent()).toHaveLength(4);
  });

  test.each([
    [
      'answers an error',
      { status: 401, body: '{"error":"invalid_client","error_description":"cl1ent secret/ü"}' },
      / 401 \(invalid_client\)$/,
    ],
    ['answers what is no kind of error', { status: 400, body: '{"error":"Cl1ent Secret"}' }, / 400$/],
    ['redirects', { status: 302, headers: { location: 'https://example.com' } }, / 302$/],
    ['answers no JSON', { status: 200, body: '<html>' }, /without a bearer token/],
    [
      'answers another kind of token',
      { status: 200, body: '{"access_token":"x","token_type":"mac"}' },
      /without a bearer/,
    ],
    [
      'answers a token that no header carries',
      { status: 200, body: '{"access_token":"x\\r\\ny: z"}' },
      /without a bearer/,
    ],
    ['answers without end', { status: 200, bodyBytes: 3_000_000 }, /without a bearer token/],
    ['closes', { drop: true }, /^the token endpoint: /],
  ])('fail the attempt when the endpoint %s', async (_, answer, message) => {
    receiver.answer('/token', answer);
    const outcome = await call(run({ auth: oauth2() }));
    expect(outcome).toEqual({
      kind: 'unreachable',
      code: 'token_request_failed',
      message: expect.stringMatching(message),
    });
    expect(JSON.stringify(outcome)).not.toMatch(/cl1ent/i);
    expect(receiver.requestsTo('/hook')).toEqual([]);
    giveTokens(); // and a failure is not kept
    expect(await call(run({ auth: oauth2() }))).toMatchObject({ kind: 'answered', status: 200 });
  });

  test('an endpoint that hangs costs the time of the attempt, no more', async () => {
    receiver.answer('/token', { hang: true });
    const startedMs = performance.now();
    expect(await call(run({ auth: oauth2(), timeoutMs: 300 }))).toEqual({ kind: 'timedOut' });
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    const cancellation = new Cancellation();
    setTimeout(() => cancellation.request(), 100);
    expect(await call(run({ auth: oauth2() }), cancellation)).toEqual({ kind: 'aborted' });
  });

  test('the time for token and call together is that of the attempt', async () => {
    receiver.answer('/token', { delayMs: 250, body: '{"access_token":"slow"}' });
    receiver.answer('/hook', { delayMs: 250 });
    expect(await call(run({ auth: oauth2(), timeoutMs: 400 }))).toEqual({ kind: 'timedOut' });
  });

  test('the endpoint is called through the egress guard', async () => {
    const answer = await call(run({ auth: oauth2({ tokenUrl: 'http://169.254.169.254/token' }) }));
    expect(answer).toMatchObject({ kind: 'refused', code: 'egress_blocked' });
  });

  test('a token that the target repeats is not kept', async () => {
    receiver.answer('/hook', ({ headers }) => ({ status: 500, body: `you sent ${headers.authorization}` }));
    expect(await call(run({ auth: oauth2() }))).toMatchObject({ bodyExcerpt: 'you sent ********' });
  });
});

describe('client certificates', () => {
  const authority = new Authority();
  const [ours, theirs] = [authority.certify('the job'), authority.certify('localhost')];
  let server: Server;
  let url: string;

  beforeAll(async () => {
    const { certificate: cert, key, ca } = theirs;
    server = createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true }, (request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate();
      response.end(JSON.stringify({ subject: subject.CN, authorization: request.headers.authorization }));
    });
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  });
  afterAll(() => {
    server?.closeAllConnections();
    server?.close();
  });

  const mtls = ({ certificate, key, ca } = ours): TargetAuth => ({ type: 'mtls', certificate, privateKey: key, ca });

  test('are shown to the target, whose own is trusted by the given authority', async () => {
    const headers = { authorization: { value: 'Bearer beside-it', secret: true } } as const;
    const answer = await call(run({ url, auth: mtls(), headers }));
    expect(answer).toMatchObject({
      kind: 'answered',
      status: 200,
      bodyExcerpt: '{"subject":"the job","authorization":"********"}',
    });
  });

  test('belong to their own call: one without gets no connection of theirs', async () => {
    await call(run({ url, auth: mtls() }));
    expect((await call(run({ url }))).kind).toBe('unreachable');
    const connections = await new Promise<number>((resolve) =>
      server.getConnections((_error, count) => resolve(count)),
    );
    expect(connections).toBeLessThanOrEqual(1);
  });

  test('a target by another authority is not trusted, a client by another is let in nowhere', async () => {
    const { ca, ...withoutCa } = mtls() as Extract<TargetAuth, { type: 'mtls' }>;
    expect(ca).toBeDefined();
    expect(await call(run({ url, auth: withoutCa }))).toMatchObject({ kind: 'unreachable', code: 'tls' });
    const stranger = { ...new Authority().certify('stranger'), ca: authority.certificate };
    expect((await call(run({ url, auth: mtls(stranger) }))).kind).toBe('unreachable');
  });
});
