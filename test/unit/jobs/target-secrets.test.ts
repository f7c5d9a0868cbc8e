import type { HttpTarget, TargetAuth } from '../../../src/domain/job.js';
import { changeSecrets, fillSecrets, maskSecrets, SECRET_MASK, secretsOf } from '../../../src/domain/target-secrets.js';

const target = (more: Partial<HttpTarget> = {}): HttpTarget => ({
  type: 'http',
  method: 'POST',
  url: 'https://example.com/a',
  headers: {},
  timeoutMs: 1_000,
  success: { statuses: ['2xx'] },
  ...more,
});

const secret = (value: string) => ({ value, secret: true }) as const;
const MASK = secret(SECRET_MASK);

const AUTHS: readonly [member: string, auth: TargetAuth][] = [
  ['password', { type: 'basic', username: 'u', password: 's3cret' }],
  ['token', { type: 'bearer', token: 's3cret' }],
  [
    'clientSecret',
    {
      ...{ type: 'oauth2', tokenUrl: 'https://login.example.com/t', clientId: 'c', clientSecret: 's3cret' },
      credentialsIn: 'header',
    },
  ],
  ['privateKey', { type: 'mtls', certificate: 'cert', privateKey: 's3cret' }],
];

describe.each(AUTHS)('auth with %s', (member, auth) => {
  const stored = maskSecrets(target({ auth }));

  test('is masked, and filled in again', () => {
    expect(stored.auth).toEqual({ ...auth, [member]: SECRET_MASK });
    expect(JSON.stringify(stored)).not.toContain('s3cret');
    expect(fillSecrets(stored, new Map([[`auth.${member}`, 's3cret']]))).toEqual(target({ auth }));
    expect(() => fillSecrets(stored, new Map())).toThrow(RangeError);
  });

  test('its mask stands for the secret, as long as the origin is the same', () => {
    const kept = { given: [], dropped: [], unusable: [] };
    expect(changeSecrets(stored, stored)).toEqual({ target: stored, ...kept });
    expect(changeSecrets({ ...stored, url: 'HTTPS://EXAMPLE.com:443/b?c' }, stored)).toMatchObject(kept);
    for (const url of ['https://example.org/a', 'http://example.com/a', 'https://example.com:8443/a']) {
      const { unusable } = changeSecrets({ ...stored, url }, stored);
      expect(unusable).toEqual([{ path: ['auth', member], code: 'secret_bound', detail: expect.any(String) }]);
    }
  });

  test('given anew it may go anywhere', () => {
    const moved = changeSecrets(target({ url: 'https://example.org', auth }), stored);
    expect(moved).toMatchObject({ given: [{ place: `auth.${member}`, text: 's3cret' }], dropped: [], unusable: [] });
    expect(JSON.stringify(moved.target)).not.toContain('s3cret');
  });
});

test('a client secret also belongs to its token endpoint, a key to its certificate', () => {
  const [oauth2, mtls] = [AUTHS[2], AUTHS[3]].map((entry) => maskSecrets(target({ auth: entry?.[1] })));
  for (const [stored, auth] of [
    [oauth2, { ...oauth2?.auth, tokenUrl: 'https://evil.example/t' }],
    [mtls, { ...mtls?.auth, certificate: 'another' }],
  ] as [HttpTarget, TargetAuth][]) {
    expect(changeSecrets({ ...stored, auth }, stored).unusable).toMatchObject([{ code: 'secret_bound' }]);
  }
  const elsewhere = { ...oauth2?.auth, tokenUrl: 'https://login.example.com/other' } as TargetAuth;
  expect(changeSecrets({ ...(oauth2 as HttpTarget), auth: elsewhere }, oauth2 as HttpTarget).unusable).toEqual([]);
});

describe('headers', () => {
  const stored = maskSecrets(target({ headers: { Authorization: secret('s3cret'), plain: 'x' } }));

  test('are masked, and known by their name in any case', () => {
    expect(stored.headers).toEqual({ Authorization: MASK, plain: 'x' });
    const sent = target({ headers: { authorization: MASK } });
    expect(changeSecrets(sent, stored)).toEqual({ target: sent, given: [], dropped: [], unusable: [] });
  });

  test.each([
    ['nothing is stored', null],
    ['another header is stored', target({ headers: { other: MASK } })],
    ['the stored header is plain', target({ headers: { key: 'plain' } })],
  ])('a mask is no value when %s', (_, before) => {
    const { unusable } = changeSecrets(target({ headers: { key: MASK } }), before);
    expect(unusable).toMatchObject([{ path: ['headers', 'key', 'value'], code: 'unknown_secret' }]);
  });

  test('one that moves to another origin is not to be used there', () => {
    const moved = { ...stored, url: 'https://example.com.evil.example/a' };
    expect(changeSecrets(moved, stored).unusable).toMatchObject([{ code: 'secret_bound' }]);
    // Without it, it is dropped.
    const dropped = changeSecrets({ ...moved, headers: { plain: 'x' } }, stored);
    expect(dropped).toMatchObject({ given: [], dropped: ['headers.authorization'], unusable: [] });
  });

  test('a plain value that looks like the mask is a plain value', () => {
    const sent = target({ headers: { key: SECRET_MASK } });
    expect(changeSecrets(sent, null)).toEqual({ target: sent, given: [], dropped: [], unusable: [] });
  });
});

test('every secret has a place of its own', () => {
  const all = target({ headers: { a: secret('1'), b: secret('2') }, auth: AUTHS[0]?.[1] });
  expect(secretsOf(all).map(({ place, text }) => [place, text])).toEqual([
    ['headers.a', '1'],
    ['headers.b', '2'],
    ['auth.password', 's3cret'],
  ]);
});
