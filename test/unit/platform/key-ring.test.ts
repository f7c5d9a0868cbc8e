import { inspect } from 'node:util';
import { encryptionKeys } from '../../../src/platform/config/readers.js';
import { KeyRing, keyIdOf, UnreadableSecret } from '../../../src/platform/secrets/key-ring.js';
import type { SealPlace } from '../../../src/platform/secrets/key-ring.js';

const base64 = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const ringOf = (text: string): KeyRing => new KeyRing(encryptionKeys.read(text) ?? []);
const PLACE: SealPlace = ['job_secrets.sealed', 'job-1', 'auth.token', 'https://example.com'];

const one = ringOf(`k1:${base64(1)}`);
const both = ringOf(`k2:${base64(2)},k1:${base64(1)}`);

test('the first key seals, all open', () => {
  const old = one.seal('geheim ☃', PLACE);
  expect([keyIdOf(old), old.includes('geheim')]).toEqual(['k1', false]);
  expect(both.open(old, PLACE)).toBe('geheim ☃');
  expect(keyIdOf(both.seal('x', PLACE))).toBe('k2');
  expect(one.open(one.seal('', PLACE), PLACE)).toBe('');
});

test('the same text is never sealed alike', () => {
  expect(one.seal('x', PLACE)).not.toBe(one.seal('x', PLACE));
});

test.each<[string, SealPlace]>([
  ['another row', ['job_secrets.sealed', 'job-2', 'auth.token', 'https://example.com']],
  ['another column', ['signing_secrets.sealed', 'job-1', 'auth.token', 'https://example.com']],
  ['another place of the target', ['job_secrets.sealed', 'job-1', 'auth.password', 'https://example.com']],
  ['another origin', ['job_secrets.sealed', 'job-1', 'auth.token', 'https://evil.example']],
  ['parts that are joined otherwise', ['job_secrets.sealed', 'job-1', 'auth.token https://example.com']],
])('opens nothing that was sealed for %s', (_, place) => {
  const sealed = one.seal('s3cret', PLACE);
  expect(() => one.open(sealed, place)).toThrow(UnreadableSecret);
  expect([one.matches(sealed, 's3cret', place), one.matches(sealed, 's3cret', PLACE)]).toEqual([false, true]);
});

test('what is damaged, or of a key that is not there, is unreadable, with words that repeat nothing of it', () => {
  const sealed = one.seal('s3cret', PLACE);
  const broken = ['a', 'b', 'c'].map(
    (letter, index) => sealed.slice(0, 10 + index) + letter + sealed.slice(11 + index),
  );
  for (const text of [...broken.filter((text) => text !== sealed), sealed.slice(0, -2), 'k1:', 'k1:AAAA', '', 'x']) {
    expect(() => one.open(text, PLACE)).toThrow(UnreadableSecret);
  }
  expect(() => ringOf(`k1:${base64(9)}`).open(sealed, PLACE)).toThrow(/"k1".*sealed with another key of that name/);
  expect(() => ringOf(`k2:${base64(1)}`).open(sealed, PLACE)).toThrow(/with the key "k1", which ENCRYPTION_KEYS lacks/);
});

test('a ring without keys seals nothing', () => {
  const none = new KeyRing([]);
  expect([none.sealsWith, none.has('k1')]).toEqual([null, false]);
  expect(() => none.seal('x', PLACE)).toThrow();
});

describe('ENCRYPTION_KEYS', () => {
  test.each([
    ['one', `a:${base64(1)}`, ['a']],
    ['two, spaces around', ` b.2:${base64(1)} , a_1-:${base64(2)}`, ['b.2', 'a_1-']],
    ['base64url without padding', `a:${Buffer.alloc(32, 255).toString('base64url')}`, ['a']],
  ])('%s', (_, text, ids) => {
    expect(encryptionKeys.read(text)?.map(({ id }) => id)).toEqual(ids);
  });

  test.each([
    ['nothing', ''],
    ['no name', base64(1)],
    ['an empty name', `:${base64(1)}`],
    ['a name twice', `a:${base64(1)},a:${base64(2)}`],
    ['16 bytes', `a:${Buffer.alloc(16).toString('base64')}`],
    ['64 bytes', `a:${Buffer.alloc(64).toString('base64')}`],
    ['hexadecimal digits', `a:${'0f'.repeat(32)}`],
    ['a comma at the end', `a:${base64(1)},`],
  ])('not %s', (_, text) => {
    expect(encryptionKeys.read(text)).toBeUndefined();
  });

  test('are not shown by what prints the settings', () => {
    const keys = encryptionKeys.read(`a:${base64(7)}`);
    for (const shown of [inspect(keys, { depth: 9, showHidden: true }), JSON.stringify(keys)]) {
      expect(shown).not.toMatch(/BwcH|07, ?07|7, ?7/);
    }
    expect(encryptionKeys.secret).toBe(true);
  });
});
