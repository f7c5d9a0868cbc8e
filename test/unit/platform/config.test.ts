import { ConfigError, readSettings } from '../../../src/platform/config.js';
import { egressAllow, isLoopback } from '../../../src/platform/config/readers.js';

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readSettings(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('readSettings', () => {
  it('has a default for everything', () => {
    expect(readSettings({})).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      databaseUrl: null,
      redisUrl: null,
      dataDir: '.carillon',
      rateLimit: { requests: 1200, windowMs: 60_000 },
      leaseMs: 15_000,
      horizonMs: 60_000,
      runRetentionMs: 30 * 86_400_000,
      auditRetentionMs: 365 * 86_400_000,
      shutdownDelayMs: 0,
    });
  });

  it('takes an empty or blank value for none, and cuts spaces', () => {
    expect(readSettings({ PORT: ' ', DATABASE_URL: '', LOG_LEVEL: ' debug ' })).toMatchObject({
      port: 3000,
      databaseUrl: null,
      logLevel: 'debug',
    });
  });

  it.each([
    ['PORT', 'abc', 'PORT must be a whole number from 0 to 65535, got "abc"'],
    ['PORT', '65536', 'PORT must be a whole number from 0 to 65535, got "65536"'],
    ['PORT', '-1', 'PORT must be a whole number from 0 to 65535, got "-1"'],
    ['PORT', '1e3', 'PORT must be a whole number from 0 to 65535, got "1e3"'],
    ['LEASE', '10', 'LEASE must be a duration of at least 1s, like 15s, 2h, 30d or PT15S, got "10"'],
    ['LEASE', 'PT0.5S', 'LEASE must be a duration of at least 1s, like 15s, 2h, 30d or PT15S, got "PT0.5S"'],
    [
      'TRUST_PROXY',
      '10.0.0.0/8,proxy',
      'TRUST_PROXY must be addresses and CIDRs with commas between them, like 10.0.0.0/8,fd00::/8, got "10.0.0.0/8,proxy"',
    ],
    ['RUN_RETENTION', '1h', 'RUN_RETENTION must be a duration of at least 1d, like 15s, 2h, 30d or PT15S, got "1h"'],
    [
      'RATE_LIMIT',
      '0/1m',
      'RATE_LIMIT must be requests/window like 1200/1m, with a window of 1s to 1d, or off, got "0/1m"',
    ],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent, got "loud"'],
    ['AUTH', 'closed', 'AUTH must be one of open, keys, got "closed"'],
    ['ROLE', 'leader', 'ROLE must be one of all, api, scheduler, worker, got "leader"'],
    ['OIDC_AUDIENCE', 'us', expect.stringMatching(/^OIDC_ISSUER and OIDC_AUDIENCE must be set together/)],
    ['OIDC_ROLE_CLAIM', 'a b', 'OIDC_ROLE_CLAIM must be the name of a claim, got "a b"'],
    ['EGRESS_ALLOW', '10.0.0.0/99', expect.stringMatching(/^EGRESS_ALLOW must be CIDRs and host names/)],
  ])('%s=%s', (name, value, problem) => {
    expect(problemsOf({ [name]: value })).toEqual([problem]);
  });

  it.each([
    ['https://id.example.com', true],
    ['https://id.example.com/realms/main/', true],
    ['http://127.0.0.1:8080/x', true],
    ['http://[::1]:8080', true],
    ['http://id.example.com', false],
    ['https://id.example.com/?a=b', false],
    ['https://user:secret@id.example.com', false],
    ['id.example.com', false],
  ])('OIDC_ISSUER=%s', (issuer, taken) => {
    const environment = { OIDC_ISSUER: issuer, OIDC_AUDIENCE: 'us', AUTH: 'open' };
    if (!taken) expect(problemsOf(environment)).toEqual([expect.stringMatching(/^OIDC_ISSUER must be the https URL/)]);
    else {
      const claims = { role: 'carillon_role', project: 'carillon_project' };
      expect(readSettings(environment).oidc).toEqual({
        ...{ issuer, audience: 'us', claims },
        ...{ clientId: null, scopes: ['openid'] },
      });
    }
  });

  it.each(['api', 'scheduler', 'worker'])('ROLE=%s works on a shared Postgres only', (role) => {
    expect(problemsOf({ ROLE: role, REDIS_URL: 'redis://localhost', AUTH: 'open' })).toEqual([
      `ROLE=${role} needs DATABASE_URL, one Postgres for all roles: the embedded one is private to its process (ROLE=all)`,
    ]);
    expect(readSettings({ ROLE: role, DATABASE_URL: 'postgres://localhost/x', AUTH: 'open' })).toMatchObject({ role });
  });

  it('tells everything that is wrong at once', () => {
    const problems = problemsOf({ PORT: 'x', LEASE: 'y', HOST: '10.0.0.1', AUTH: 'open' });
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual(['PORT', 'LEASE', 'HOST']);
  });

  it('never repeats an encryption key', () => {
    const problems = problemsOf({ ENCRYPTION_KEYS: 'k1:hunter2' });
    expect(problems).toEqual([expect.stringMatching(/^ENCRYPTION_KEYS must be names and keys/)]);
    expect(problems.join()).not.toContain('hunter2');
  });

  it.each(['postgres:/x y:hunter2', 'mysql://root:hunter2@db/x'])('never repeats a server url: %s', (url) => {
    const problems = problemsOf({ DATABASE_URL: url, REDIS_URL: url, AUTH: 'open' });
    expect(problems).toHaveLength(2);
    expect(problems.join()).not.toContain('hunter2');
  });
});

describe('who may call', () => {
  const KEY = 'r'.repeat(32);
  const server = { DATABASE_URL: 'postgres://localhost/x' };
  const redis = { REDIS_URL: 'redis://localhost' };

  it.each([
    ['all by itself on this machine', {}, 'open'],
    ['with a root key that nobody asked for', { ROOT_API_KEY: KEY }, 'open'],
    ['with a Postgres', { ...server, ROOT_API_KEY: KEY }, 'keys'],
    ['with a Redis', { ...redis, ROOT_API_KEY: KEY }, 'keys'],
    ['with an issuer of tokens', { OIDC_ISSUER: 'https://i.example', OIDC_AUDIENCE: 'us', ROOT_API_KEY: KEY }, 'keys'],
    ['on another address', { HOST: '0.0.0.0', ROOT_API_KEY: KEY }, 'keys'],
    ['open beside real servers, as told', { ...server, ...redis, AUTH: 'open' }, 'open'],
    ['keys, as told', { AUTH: 'keys', ROOT_API_KEY: KEY }, 'keys'],
    ['a worker, which makes no keys', { ...server, ROLE: 'worker' }, 'keys'],
    ['a scheduler, which makes no keys', { ...server, ROLE: 'scheduler' }, 'keys'],
  ])('%s', (_, environment, auth) => {
    expect(readSettings(environment)).toMatchObject({ auth });
  });

  it.each([
    [
      'open on another address',
      { HOST: '0.0.0.0', AUTH: 'open' },
      /^HOST must be a loopback .*got "0\.0\.0\.0"; .*AUTH=keys/,
    ],
    ['open on it with a root key', { HOST: '::', AUTH: 'open', ROOT_API_KEY: KEY }, /^HOST must be a loopback/],
    ['keys without one to begin with', { AUTH: 'keys' }, /^ROOT_API_KEY must be set, for AUTH=keys.*openssl rand/],
    ['a Postgres without a root key', server, /^ROOT_API_KEY must be set, for DATABASE_URL is set.*or set AUTH=open/],
    ['an api without a root key', { ...server, ROLE: 'api' }, /^ROOT_API_KEY must be set/],
    ['a Redis without a root key', redis, /^ROOT_API_KEY must be set, for REDIS_URL is set/],
    [
      'another address without a root key',
      { HOST: '0.0.0.0' },
      /^ROOT_API_KEY must be set, for HOST is no loopback(?!.*AUTH=open)/,
    ],
    [
      'a root key that is short',
      { ROOT_API_KEY: 'hunter2' },
      /^ROOT_API_KEY must be 16 to 512 printable characters(?!.*hunter2)/,
    ],
    ['a root key with a space', { ROOT_API_KEY: `${KEY} hunter2` }, /^ROOT_API_KEY must be(?!.*hunter2)/],
  ])('is refused: %s', (_, environment: Record<string, string>, problem) => {
    expect(problemsOf(environment)).toEqual([expect.stringMatching(problem)]);
  });
});

describe('EGRESS_ALLOW', () => {
  it('tells addresses from names', () => {
    expect(egressAllow.read(' 10.0.0.0/8, 192.168.1.7,fd00::/8 ,::1, Hooks.Internal,localhost,')).toEqual({
      cidrs: ['10.0.0.0/8', '192.168.1.7/32', 'fd00::/8', '::1/128'].map((cidr) => ({ cidr, port: null })),
      hosts: ['hooks.internal', 'localhost'].map((host) => ({ host, port: null })),
    });
  });

  it('takes a port after each', () => {
    expect(egressAllow.read('10.1.2.3:8443,10.0.0.0/8:443,[fd00::1]:9200,[fd00::/8]:1,hooks.internal:65535')).toEqual({
      cidrs: [
        { cidr: '10.1.2.3/32', port: 8443 },
        { cidr: '10.0.0.0/8', port: 443 },
        { cidr: 'fd00::1/128', port: 9200 },
        { cidr: 'fd00::/8', port: 1 },
      ],
      hosts: [{ host: 'hooks.internal', port: 65_535 }],
    });
  });

  it.each([
    '1.2.3',
    '300.1.1.1',
    '10.0.0.0/33',
    'http://x',
    'a b',
    '-x',
    'x..y',
    '0x7f.1/8',
    'x:0',
    'x:65536',
    'x:',
    ':80',
    '[fd00::1]',
    '[x]:',
    '1.2.3:80',
  ])('refuses %s', (given) => {
    expect(egressAllow.read(given)).toBeUndefined();
  });
});

describe('isLoopback', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
    ['127.0.0.1.evil.com', false],
    ['::ffff:10.0.0.1', false],
  ])('%s: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});
