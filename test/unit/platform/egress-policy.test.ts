import type { Config } from '../../../src/platform/config.js';
import { egressAllow } from '../../../src/platform/config/readers.js';
import { destinationOf, EgressPolicy } from '../../../src/platform/egress/egress-policy.js';

function policy(auth: string, allow = ''): EgressPolicy {
  return new EgressPolicy({ auth, egressAllow: egressAllow.read(allow) } as unknown as Config);
}

const allows = (judged: EgressPolicy, host: string, port = 443): boolean => judged.allowsAddress(host, { host, port });
const refusal = (judged: EgressPolicy, url: string): string | null => judged.refuse(destinationOf(new URL(url)));

/** As a target's URL names it; the URL parser settles the notation, as it does for the call. */
const hostOf = (notation: string): string => new URL(`http://${notation}/`).hostname.replace(/^\[|\]$/g, '');

const PUBLIC = [
  '8.8.8.8',
  '1.1.1.1',
  '93.184.216.34',
  '[2606:4700:4700::1111]',
  '[2a00:1450:4001:81b::200e]',
  '0x08080808',
];

const LOCAL = [
  '127.0.0.1',
  '127.1',
  '127.255.255.254',
  '0x7f.1',
  '0x7f000001',
  '2130706433',
  '0177.0.0.1',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '10.0.0.1',
  '10.255.255.255',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '[::ffff:10.1.2.3]',
  '[fc00::1]',
  '[fd12:3456:789a::1]',
];

const NEVER = [
  '0.0.0.0',
  '0',
  '[::]',
  '169.254.169.254',
  '0xa9fea9fe',
  '2852039166',
  '[::ffff:169.254.169.254]',
  '[::ffff:a9fe:a9fe]',
  '[fe80::1]',
  '[fec0::1]',
  '100.64.0.1',
  '100.100.100.200',
  '168.63.129.16',
  '[::ffff:168.63.129.16]',
  '[fd00:ec2::254]',
  '224.0.0.1',
  '239.255.255.250',
  '[ff02::1]',
  '255.255.255.255',
  '240.0.0.1',
  '192.0.2.1',
  '198.51.100.7',
  '203.0.113.9',
  '198.18.0.1',
  '192.0.0.8',
  '[2001:db8::1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b::a9fe:a9fe]',
  '[64:ff9b:1::7f00:1]',
  '[2002:7f00:1::]',
  '[2001::7f00:1]',
  '[::127.0.0.1]',
  '[::7f00:1]',
  '[::a9fe:a9fe]',
  '[100::1]',
  '[4000::1]',
  '[5f00::1]',
  '[2001:20::1]',
  '[1::1]',
];

describe.each(['keys', 'open'])('AUTH=%s', (auth) => {
  const judged = policy(auth);
  test.each(PUBLIC)('%s is allowed', (notation) => expect(allows(judged, hostOf(notation))).toBe(true));
  test.each(LOCAL)(`%s is ${auth === 'open' ? 'allowed' : 'refused'}`, (notation) => {
    expect(allows(judged, hostOf(notation))).toBe(auth === 'open');
  });
  test.each(NEVER)('%s is refused', (notation) => expect(allows(judged, hostOf(notation))).toBe(false));
});

test.each([
  '',
  'localhost',
  'example.com',
  '127.0.0.1:80',
  '1.2.3',
  '1.2.3.4.5',
  'fe80::1%eth0',
  'fe80::1%',
  '::1%lo',
  ':::',
  '[::1]',
])('"%s" is refused, and asking throws nothing', (text) => {
  expect(allows(policy('keys'), text)).toBe(false);
  expect(() => allows(policy('keys', 'fe80::/10'), text)).not.toThrow();
});

describe('EGRESS_ALLOW', () => {
  test('opens what it names, in every notation, and nothing beside it', () => {
    const judged = policy('keys', '10.1.0.0/16,127.0.0.1,fd00:1::/32,169.254.169.254');
    const allowed = ['10.1.2.3', '[::ffff:10.1.2.3]', '127.0.0.1', '0x7f.1', '[fd00:1::5]', '169.254.169.254'];
    for (const notation of allowed) expect([notation, allows(judged, hostOf(notation))]).toEqual([notation, true]);
    for (const notation of ['10.2.0.1', '127.0.0.2', '[::1]', '[fd00:2::5]', '192.168.0.1']) {
      expect([notation, allows(judged, hostOf(notation))]).toEqual([notation, false]);
    }
  });

  test('opens local addresses to a host that it names, and never metadata services', () => {
    const judged = policy('keys', 'hooks.internal');
    const at = (address: string, host: string) => judged.allowsAddress(address, { host, port: 443 });
    for (const address of ['10.0.0.1', '127.0.0.1', 'fd12::1', '100.64.0.1', '8.8.8.8']) {
      expect([address, at(address, 'Hooks.Internal.')]).toEqual([address, true]);
    }
    expect(at('10.0.0.1', 'other.internal')).toBe(false);
    for (const address of ['169.254.169.254', '100.100.100.200', 'fd00:ec2::254', '0.0.0.0', '224.0.0.1', 'fe80::1']) {
      expect([address, at(address, 'hooks.internal')]).toEqual([address, false]);
    }
  });

  test('with a port opens that port alone, also one of an internal service', () => {
    const judged = policy('keys', '10.1.2.3:9200,hooks.internal:8443,10.9.0.0/16');
    expect(refusal(judged, 'http://10.1.2.3:9200/')).toBeNull();
    expect(refusal(judged, 'http://10.1.2.3:8080/')).not.toBeNull();
    expect(refusal(judged, 'http://10.9.0.1:9200/')).not.toBeNull();
    expect(refusal(judged, 'http://8.8.8.8:9200/')).not.toBeNull();
    expect(refusal(judged, 'http://10.9.0.1:8080/')).toBeNull();
    const named = (port: number) => judged.allowsAddress('10.0.0.1', { host: 'hooks.internal', port });
    expect([named(8443), named(443)]).toEqual([true, false]);
  });
});

describe('by its text alone', () => {
  const metadata = ['metadata.google.internal', 'METADATA.google.internal.', 'instance-data', 'metadata'];
  const ports = [22, 25, 2375, 2379, 3306, 5432, 6379, 6443, 9200, 10250, 11211, 27017];

  test.each(['keys', 'open'])('AUTH=%s: metadata services and ports of internal services are refused', (auth) => {
    for (const host of metadata) expect(refusal(policy(auth), `http://${host}/`)).toMatch(/metadata/);
    for (const port of ports) expect(refusal(policy(auth), `http://example.com:${port}/`)).toMatch(/internal service/);
  });

  test('localhost goes by its addresses', () => {
    for (const host of ['localhost', 'LOCALHOST', 'localhost.', 'a.localhost']) {
      expect([host, refusal(policy('keys'), `http://${host}:8080/`)]).toEqual([host, expect.any(String)]);
      expect([host, refusal(policy('open'), `http://${host}:8080/`)]).toEqual([host, null]);
    }
    expect(refusal(policy('keys', 'localhost'), 'http://localhost:8080/')).toBeNull();
    expect(refusal(policy('keys', '127.0.0.1'), 'http://localhost:8080/')).toBeNull();
  });

  test.each([
    'https://example.com/',
    'http://example.com:8080/',
    'https://8.8.8.8/',
    'http://not-resolved-yet.example/',
  ])('%s may be called', (url) => expect(refusal(policy('keys'), url)).toBeNull());

  test('a metadata service may be named as an exception', () => {
    expect(refusal(policy('keys', 'metadata.google.internal'), 'http://metadata.google.internal/')).toBeNull();
  });
});
