import { ConfigError, readSettings } from '../../../src/platform/config.js';
import { parseRedisUrl } from '../../../src/platform/redis-url.js';

describe('REDIS_URL', () => {
  it.each(['redis://host', 'redis://user:pass@host:6380/2', 'rediss://[::1]:6379'])('one server: %s', (url) => {
    expect(parseRedisUrl(url)).toEqual({ kind: 'single', url });
  });

  it('Sentinel, with everything it can have', () => {
    const url =
      'rediss+sentinel://app:p%40ss%3Aword@s1,s2:26380,[fd00::3]:26381/my-master/3?sentinelPassword=se%26cret';
    expect(parseRedisUrl(url)).toEqual({
      kind: 'sentinel',
      nodes: [
        { host: 's1', port: 26_379 },
        { host: 's2', port: 26_380 },
        { host: 'fd00::3', port: 26_381 },
      ],
      master: 'my-master',
      db: 3,
      tls: true,
      login: { username: 'app', password: 'p@ss:word' },
      sentinelLogin: { password: 'se&cret' },
    });
  });

  it('Sentinel, with the least', () => {
    expect(parseRedisUrl('redis+sentinel://s1/primary')).toMatchObject({
      db: 0,
      tls: false,
      login: {},
      sentinelLogin: {},
    });
  });

  it('a cluster', () => {
    expect(parseRedisUrl('redis+cluster://:secret@n1:7000,n2')).toEqual({
      kind: 'cluster',
      nodes: [
        { host: 'n1', port: 7_000 },
        { host: 'n2', port: 6_379 },
      ],
      tls: false,
      login: { password: 'secret' },
    });
  });

  it.each([
    ['another protocol', 'http://u:hunter2@host'],
    ['no host', 'redis+cluster://u:hunter2@'],
    ['an empty host', 'redis+cluster://u:hunter2@n1,,n2'],
    ['a port beyond', 'redis+cluster://u:hunter2@n1:70000'],
    ['a database of a cluster', 'redis+cluster://u:hunter2@n1/1'],
    ['Sentinel without a name', 'redis+sentinel://u:hunter2@s1:26379'],
    ['Sentinel with a path too long', 'redis+sentinel://u:hunter2@s1/primary/0/1'],
    ['an unknown parameter', 'redis+sentinel://u:hunter2@s1/primary?password=hunter2'],
    ['a stray %', 'redis+sentinel://u:hunter2%@s1/primary'],
    ['an unknown kind', 'redis+ring://u:hunter2@s1'],
  ])('refuses %s, and never repeats it', (_, url) => {
    expect(parseRedisUrl(url)).toBeUndefined();
    const read = () => readSettings({ REDIS_URL: url, AUTH: 'open' });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(/^REDIS_URL must be a URL like redis:\/\/host:6379, redis\+sentinel:/);
    expect(read).not.toThrow(/hunter2/);
  });
});
