import { EgressGuard } from '../../../src/execution/targets/egress-guard.js';
import type { Config } from '../../../src/platform/config.js';

function guard(auth: string, cidrs: string[] = [], hosts: string[] = []): EgressGuard {
  return new EgressGuard({ auth, egressAllow: { cidrs, hosts } } as unknown as Config);
}

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
  const judged = guard(auth);
  test.each(PUBLIC)('%s is allowed', (notation) => expect(judged.allows(hostOf(notation))).toBe(true));
  test.each(LOCAL)(`%s is ${auth === 'open' ? 'allowed' : 'refused'}`, (notation) => {
    expect(judged.allows(hostOf(notation))).toBe(auth === 'open');
  });
  test.each(NEVER)('%s is refused', (notation) => expect(judged.allows(hostOf(notation))).toBe(false));
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
  expect(guard('keys').allows(text)).toBe(false);
  expect(() => guard('keys', ['fe80::/10']).allows(text)).not.toThrow();
});

test('EGRESS_ALLOW opens what it names, in every notation, and nothing beside it', () => {
  const judged = guard('keys', ['10.1.0.0/16', '127.0.0.1/32', 'fd00:1::/32', '169.254.169.254/32']);
  const allowed = ['10.1.2.3', '[::ffff:10.1.2.3]', '127.0.0.1', '0x7f.1', '[fd00:1::5]', '169.254.169.254'];
  for (const notation of allowed) expect([notation, judged.allows(hostOf(notation))]).toEqual([notation, true]);
  for (const notation of ['10.2.0.1', '127.0.0.2', '[::1]', '[fd00:2::5]', '192.168.0.1']) {
    expect([notation, judged.allows(hostOf(notation))]).toEqual([notation, false]);
  }
});
