import type { LookupAddress, LookupOptions } from 'node:dns';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { Cancellation } from '../../src/execution/targets/cancellation.js';
import { EgressGuard } from '../../src/execution/targets/egress-guard.js';
import { HttpTarget } from '../../src/execution/targets/http-target.js';
import type { Answer } from '../../src/execution/targets/http-target.js';
import type { Config } from '../../src/platform/config.js';
import { egressAllow } from '../../src/platform/config/readers.js';
import { EgressPolicy } from '../../src/platform/egress/egress-policy.js';
import { startDnsServer } from '../support/dns-server.js';
import type { DnsServer } from '../support/dns-server.js';
import { Api } from './api.js';

/** Allowed where names are called here, but leads nowhere (RFC 5737): a guard that fails must not dial strangers. */
const PUBLIC = '198.51.100.7';
const ALLOW_PUBLIC = '198.51.100.0/24';

/** Names of the test's own name server. Whoever looked once before the call would have seen a public address of the last two. */
const ZONE: Readonly<Record<string, (turn: number) => readonly string[]>> = {
  'private.test': () => ['10.0.0.5'],
  'loopback.test': () => ['127.0.0.1'],
  'loopback6.test': () => ['::1'],
  'mapped.test': () => ['::ffff:127.0.0.1'],
  'compatible.test': () => ['::127.0.0.1'],
  'nat64.test': () => ['64:ff9b::7f00:1'],
  'sixtofour.test': () => ['2002:7f00:1::1'],
  'metadata.test': () => ['169.254.169.254'],
  'azure.test': () => ['168.63.129.16'],
  'unspecified.test': () => ['0.0.0.0'],
  'mixed.test': () => [PUBLIC, '127.0.0.1'],
  'mixed6.test': () => [PUBLIC, '::1'],
  'rebinding.test': (turn) => [turn === 1 ? PUBLIC : '127.0.0.1'],
  'rebinding6.test': (turn) => (turn === 1 ? [PUBLIC] : ['::1']),
};
const REBINDING = ['rebinding.test', 'rebinding6.test'];

interface Listener {
  readonly server: Server;
  connections: number;
}

let dns: DnsServer;
let port: number;
let api: Api;
const listeners: Listener[] = [];
const targets: HttpTarget[] = [];

class TestGuard extends EgressGuard {
  protected override resolve(...[hostname, options, callback]: Parameters<LookupFunction>): void {
    void lookUp(hostname, options).then(
      (addresses) => callback(null, addresses),
      (error: unknown) => callback(error as NodeJS.ErrnoException, []),
    );
  }
}

async function lookUp(hostname: string, { family }: LookupOptions): Promise<LookupAddress[]> {
  if (hostname === 'localhost') return [{ address: '127.0.0.1', family: 4 }];
  const ask = (type: 'A' | 'AAAA', version: number): Promise<LookupAddress[]> =>
    new Promise((resolve) => {
      if (family !== undefined && family !== 0 && family !== version) resolve([]);
      else
        dns.resolver.resolve(hostname, type, (_error, addresses?: unknown) => {
          resolve(((addresses ?? []) as string[]).map((address) => ({ address, family: version })));
        });
    });
  return (await Promise.all([ask('A', 4), ask('AAAA', 6)])).flat();
}

function targetOf(auth: string, allow = ''): HttpTarget {
  const config = { auth, egressAllow: egressAllow.read(allow) } as unknown as Config;
  const target = new HttpTarget(new TestGuard(new EgressPolicy(config)));
  targets.push(target);
  return target;
}

function call(target: HttpTarget, url: string, headers: Record<string, string> = {}): Promise<Answer> {
  return target.call({ method: 'GET', url, headers, body: null, timeoutMs: 5_000 }, new Cancellation());
}

async function listen(host: string, at: number): Promise<Listener> {
  const server = createServer((_request, response) => response.end('reached'));
  const listener = { server, connections: 0 };
  server.on('connection', () => (listener.connections += 1));
  server.listen(at, host);
  await once(server, 'listening');
  listeners.push(listener);
  return listener;
}

const connections = (): number => listeners.reduce((sum, listener) => sum + listener.connections, 0);

beforeAll(async () => {
  dns = await startDnsServer((name, turn) => ZONE[name]?.(turn) ?? []);
  const first = await listen('127.0.0.1', 0);
  port = (first.server.address() as AddressInfo).port;
  for (const host of ['127.0.0.2', '127.255.255.254', '::1']) await listen(host, port);
  api = await Api.start({ auth: 'keys' });
}, 30_000);

afterAll(async () => {
  for (const target of targets) await target.onApplicationShutdown();
  for (const { server } of listeners) {
    server.closeAllConnections();
    server.close();
  }
  await dns?.close();
  await api?.stop();
});

/** Hosts with where they lead, in every notation; `:` stands for the port of the listeners. */
const LITERALS: readonly [string, readonly string[]][] = [
  [
    'loopback',
    [
      '127.0.0.1', // plain
      '127.1', // short
      '127.0.1',
      '2130706433', // decimal
      '0x7f000001', // hexadecimal
      '0x7f.0.0.1',
      '0177.0.0.1', // octal
      '017700000001',
      '0x7f.0x1', // both short and hexadecimal
      '00000177.0.0.01',
      '127.0.0.1.', // the root's dot
      '%31%32%37.0.0.1', // percent-encoded
      '%30x7f.1',
      '１２７.０.０.１', // digits of full width
      '①②⑦.⓪.⓪.①', // digits in circles
      '127。0。0。1', // ideographic dots
      '127.0.0.2',
      '127.255.255.254',
      'localhost',
      'LocalHost.',
      'a.localhost',
      'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ',
      '[::1]',
      '[0:0:0:0:0:0:0:1]',
      '[0000::0001]',
      '[::127.0.0.1]', // compatible
    ],
  ],
  [
    'mapped',
    [
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[0:0:0:0:0:ffff:127.0.0.1]',
      '[::FFFF:7F00:0001]',
      '[::ffff:10.0.0.1]',
      '[::ffff:0:127.0.0.1]',
    ],
  ],
  ['translated', ['[64:ff9b::127.0.0.1]', '[64:ff9b:1::7f00:1]', '[2002:7f00:1::]', '[2001:0:7f00:1::]']],
  ['unspecified', ['0.0.0.0', '0', '0x0', '[::]']],
  ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.254', '192.168.0.1', '0xc0a80001', '[fc00::1]', '[fd00::1]']],
  ['link-local', ['169.254.1.1', '[fe80::1]', '[fec0::1]']],
  [
    'metadata',
    [
      '169.254.169.254',
      '0xa9fea9fe',
      '2852039166',
      '[::ffff:169.254.169.254]',
      '[fd00:ec2::254]',
      '168.63.129.16',
      '100.100.100.200',
      'metadata.google.internal',
      'Metadata.Google.Internal.',
      'instance-data',
    ],
  ],
  [
    'shared, multicast and reserved',
    [
      '100.64.0.1',
      '224.0.0.1',
      '[ff02::1]',
      '255.255.255.255',
      '240.0.0.1',
      '192.0.2.1',
      '198.18.0.1',
      '[2001:db8::1]',
    ],
  ],
];

const withUserinfo = ['http://example.com@127.0.0.1:', 'http://user:pass@[::1]:', 'http://8.8.8.8%40@127.1:'];

describe('60 URLs and more, none of them reached', () => {
  const literals = LITERALS.flatMap(([kind, hosts]) => hosts.map((host) => [kind, host] as const));
  let blocked = 0;

  test.each(literals)('%s: %s', async (_kind, host) => {
    const before = connections();
    for (const scheme of ['http', 'https']) {
      const url = `${scheme}://${host}:${port}/`;
      expect(await call(targetOf('keys'), url)).toMatchObject({ kind: 'refused', code: 'egress_blocked' });
    }
    const { status, body } = await create(`http://${host}:${port}/`);
    expect([status, body['code'], body['errors']]).toEqual([
      422,
      'invalid',
      [{ pointer: '/target/url', code: 'egress_blocked', detail: expect.any(String) }],
    ]);
    expect(connections()).toBe(before);
    blocked += 1;
  });

  test.each(withUserinfo)('with a user name: %s', async (start) => {
    const before = connections();
    const answer = await call(targetOf('keys'), `${start}${port}/`);
    expect(answer).toMatchObject({ kind: 'refused', code: 'egress_blocked' });
    const { status, body } = await create(`${start}${port}/`);
    expect([status, body['errors'][0].code]).toEqual([422, 'credentials_in_url']);
    expect(connections()).toBe(before);
    blocked += 1;
  });

  test.each(Object.keys(ZONE))('by its name: %s', async (name) => {
    if (REBINDING.includes(name)) {
      // A check that is not the one that connects would be content now.
      expect(await lookUp(name, { family: 4 })).toEqual([{ address: PUBLIC, family: 4 }]);
      expect(await lookUp(name, { family: 6 })).toEqual([]);
    }
    const before = connections();
    const { status } = await create(`http://${name}:${port}/`);
    expect(status).toBe(201); // names are resolved when they are called, each time
    const answer = await call(targetOf('keys', ALLOW_PUBLIC), `http://${name}:${port}/`);
    expect(answer).toMatchObject({ kind: 'refused', code: 'egress_blocked' });
    expect(connections()).toBe(before);
    blocked += 1;
  });

  test('that were at least 60, and no connection at all was seen', () => {
    expect(blocked).toBe(literals.length + withUserinfo.length + Object.keys(ZONE).length);
    expect(blocked).toBeGreaterThanOrEqual(60);
    expect(connections()).toBe(0);
    expect(dns.questions).toContain('rebinding.test 1');
  });
});

describe('the same listeners', () => {
  const reached = { kind: 'answered', status: 200, bodyExcerpt: 'reached' };

  test.each([
    ['open mode, by address', 'open', '', '127.0.0.1'],
    ['open mode, IPv6', 'open', '', '[::1]'],
    ['open mode, by name', 'open', '', 'loopback.test'],
    ['a range of EGRESS_ALLOW', 'keys', '127.0.0.0/8', '127.0.0.2'],
    ['a name that leads into a range', 'keys', '127.0.0.0/8', 'loopback.test'],
    ['a host of EGRESS_ALLOW', 'keys', 'loopback.test', 'loopback.test'],
    ['a host with its port', 'keys', 'loopback.test:PORT', 'loopback.test'],
    ['an address with its port', 'keys', '[::1]:PORT', '[::1]'],
  ])('are reached in %s', async (_, auth, allow, host) => {
    const target = targetOf(auth, allow.replace('PORT', String(port)));
    expect(await call(target, `http://${host}:${port}/`)).toMatchObject(reached);
  });

  test.each([
    ['another host than the one that is named', 'other.test', 'loopback.test'],
    ['another port than the one that is named', 'loopback.test:1', 'loopback.test'],
    ['a named host that leads to a metadata service', 'metadata.test', 'metadata.test'],
  ])('not by %s', async (_, allow, host) => {
    const before = connections();
    expect(await call(targetOf('keys', allow), `http://${host}:${port}/`)).toMatchObject({ code: 'egress_blocked' });
    expect(connections()).toBe(before);
  });
});

test.each([
  'file:///etc/passwd',
  'ftp://example.com/',
  'gopher://127.0.0.1/',
  'ws://example.com/',
  'data:text/plain,x',
  'unix:/run/docker.sock',
])('%s is no target, neither when it is set nor when it is called', async (url) => {
  expect((await create(url)).status).toBe(422);
  expect(await call(targetOf('open'), url)).toMatchObject({ kind: 'refused' });
});

test('a redirect is an answer: where it points is not called', async () => {
  const other = await listen('127.0.0.1', 0);
  const { port: otherPort } = other.server.address() as AddressInfo;
  for (const status of [301, 302, 303, 307, 308]) {
    const redirecting = createServer((_request, response) => {
      response.writeHead(status, { location: `http://127.0.0.1:${otherPort}/` }).end();
    });
    redirecting.listen(0, '127.0.0.1');
    await once(redirecting, 'listening');
    const { port: at } = redirecting.address() as AddressInfo;
    expect(await call(targetOf('open'), `http://127.0.0.1:${at}/`)).toMatchObject({ kind: 'answered', status });
    redirecting.closeAllConnections();
    redirecting.close();
  }
  expect(other.connections).toBe(0);
});

test('proxies that the environment names are not used', async () => {
  const proxy = await listen('127.0.0.1', 0);
  const address = `http://127.0.0.1:${(proxy.server.address() as AddressInfo).port}`;
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'];
  const before = names.map((name) => process.env[name]);
  for (const name of names) process.env[name] = address;
  try {
    expect(await call(targetOf('open'), `http://127.0.0.1:${port}/`)).toMatchObject({ kind: 'answered', status: 200 });
    expect(await call(targetOf('keys'), `http://10.0.0.1:${port}/`)).toMatchObject({ code: 'egress_blocked' });
    expect(proxy.connections).toBe(0);
  } finally {
    names.forEach((name, index) => {
      const value = before[index];
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    });
  }
});

test.each([
  ['a line end in a header', { 'x-a': 'b\r\nx-c: d' }],
  ['a line feed alone', { 'x-a': 'b\nx-c: d' }],
  ['a line end in a name', { 'x-a: b\r\nx-c': 'd' }],
  ['a NUL', { 'x-a': 'b\0' }],
])('%s is not sent', async (_, headers) => {
  const url = `http://127.0.0.1:${port}/`;
  expect(await call(targetOf('open'), url, headers)).toMatchObject({ kind: 'refused', code: 'invalid_request' });
  const { status, body } = await api.call('POST', '/jobs', job({ url: 'https://example.com', headers }));
  expect([status, body['errors'][0].pointer]).toEqual([422, expect.stringMatching(/^\/target\/headers\//)]);
});

test.each(['Connection', 'Host', 'TE', 'Trailer', 'Transfer-Encoding', 'Upgrade', 'Proxy-Authorization', 'Keep-Alive'])(
  'the header %s, which belongs to the connection, can not be set',
  async (name) => {
    const headers = { [name]: 'x' };
    const { status, body } = await api.call('POST', '/jobs', job({ url: 'https://example.com', headers }));
    expect([status, body['errors']]).toEqual([
      422,
      [{ pointer: `/target/headers/${name}`, code: 'reserved_header', detail: 'is set by the connection' }],
    ]);
  },
);

describe('a target that is set', () => {
  const refused = { pointer: '/target/url', code: 'egress_blocked', detail: expect.any(String) };

  test('also in short form, by name and by a patch', async () => {
    const short = await api.call('POST', '/jobs', { ...job('http://10.0.0.1/') });
    const named = await api.call('PUT', '/jobs/by-name/egress', { schedule: '@daily', target: 'http://10.0.0.1/' });
    const { id } = await api.create(job('https://example.com/'));
    const patched = await api.call('PATCH', `/jobs/${id}`, { target: { url: 'http://10.0.0.1/' } });
    for (const { status, body } of [short, named, patched]) expect([status, body['errors']]).toEqual([422, [refused]]);
  });

  test('and is not allowed any more keeps nobody from editing the job', async () => {
    const { id } = await api.create(job('https://example.com/a'));
    await api.db.query(`UPDATE jobs SET target = jsonb_set(target, '{url}', '"http://10.0.0.1/"') WHERE id = $1`, [id]);
    const { status, body } = await api.call('PATCH', `/jobs/${id}`, { description: 'changed' });
    expect([status, body['description']]).toEqual([200, 'changed']);
  });

  test.each([22, 25, 2375, 5432, 6379, 9200, 11211])('has no port of an internal service: %d', async (at) => {
    const before = connections();
    expect((await create(`http://example.com:${at}/`)).body['errors']).toEqual([refused]);
    for (const auth of ['keys', 'open']) {
      const answer = await call(targetOf(auth), `http://127.0.0.1:${at}/`);
      expect(answer).toMatchObject({ kind: 'refused', code: 'egress_blocked' });
    }
    expect(connections()).toBe(before);
  });
});

let jobs = 0;

function job(target: unknown): Record<string, unknown> {
  jobs += 1;
  return { name: `job-${jobs}`, schedule: '@daily', target };
}

const create = (url: string) => api.call('POST', '/jobs', job({ url }));
