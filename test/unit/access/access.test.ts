import { hashOf, looksLikeKey, newKeyText } from '../../../src/access/key-text.js';
import { decideRotation, hasExpired, isUseWorthNoting, KEY_ROLES, mayActAs } from '../../../src/domain/access.js';
import type { ApiKey } from '../../../src/domain/access.js';
import { callerIfKnown, callerOf, identify } from '../../../src/platform/caller.js';
import { ruleOfMethod } from '../../../src/platform/access-rules.js';
import { Problem } from '../../../src/domain/errors.js';

const NOW = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const KEY: ApiKey = {
  ...{ id: 'k', projectId: 'p', name: 'pipeline', role: 'editor', prefix: 'car_12345678' },
  ...{ expiresAt: null, lastUsedAt: null, replacedBy: null, createdAt: NOW - DAY_MS },
};

describe('a key', () => {
  it('is car_ and 40 letters and digits, of which the first 8 are shown', () => {
    const { text, prefix, hash } = newKeyText();
    expect(text).toMatch(/^car_[0-9A-Za-z]{40}$/);
    expect(prefix).toBe(text.slice(0, 12));
    expect(hash).toBe(hashOf(text));
    expect(looksLikeKey(text)).toBe(true);
  });

  it('has more than 128 bits beyond what is shown, each character as likely as the others', () => {
    expect(32 * Math.log2(62)).toBeGreaterThan(128);
    const counts = new Map<string, number>();
    for (let made = 0; made < 2_000; made += 1) {
      for (const character of newKeyText().text.slice(4)) counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    expect(counts.size).toBe(62);
    const expected = (2_000 * 40) / 62; // 1290, give or take 36
    for (const count of counts.values()) expect(Math.abs(count - expected)).toBeLessThan(6.5 * Math.sqrt(expected));
  });

  it('is never the same twice', () => {
    expect(new Set(Array.from({ length: 1_000 }, () => newKeyText().text)).size).toBe(1_000);
  });

  it('is hashed by SHA-256', () => {
    expect(hashOf('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it.each([
    '',
    'car_',
    `car_${'x'.repeat(39)}`,
    `car_${'x'.repeat(41)}`,
    `cat_${'x'.repeat(40)}`,
    `car_${'-'.repeat(40)}`,
  ])('is not %p', (text) => expect(looksLikeKey(text)).toBe(false));
});

test.each([
  ['viewer', [true, false, false, false]],
  ['editor', [true, true, false, false]],
  ['admin', [true, true, true, false]],
  ['root', [true, true, true, true]],
] as const)('what %s may', (role, allowed) => {
  expect([...KEY_ROLES, 'root' as const].map((needed) => mayActAs(role, needed))).toEqual(allowed);
});

test.each([
  ['get', 'viewer'],
  ['HEAD', 'viewer'],
  ['POST', 'editor'],
  ['PUT', 'editor'],
  ['patch', 'editor'],
  ['DELETE', 'editor'],
  ['BREW', 'editor'],
])('a %s that says nothing of roles is for %s', (method, role) => {
  expect(ruleOfMethod(method)).toBe(role);
});

describe('the caller of a request', () => {
  it('is refused when nobody asked who it is', () => {
    expect(() => callerOf({})).toThrow('send a key');
    expect(callerIfKnown({})).toBeNull();
  });

  it('is refused by what was found, and known by it', () => {
    const [good, bad] = [{}, {}];
    const caller = { projectId: 'p', role: 'viewer', keyId: 'k', subject: null, rateLimits: null } as const;
    identify(good, caller);
    identify(bad, new Problem('forbidden', 'no'));
    expect([callerOf(good), callerIfKnown(good), callerIfKnown(bad)]).toEqual([caller, caller, null]);
    expect(() => callerOf(bad)).toThrow('no');
  });
});

test('a key ends at its instant', () => {
  expect([NOW - 1, NOW, NOW + 1].map((expiresAt) => hasExpired({ expiresAt }, NOW))).toEqual([true, true, false]);
  expect(hasExpired({ expiresAt: null }, NOW)).toBe(false);
});

test('its use is noted when it is a minute old', () => {
  const noted = [null, NOW - 60_000, NOW - 59_999, NOW + 5_000].map((lastUsedAt) =>
    isUseWorthNoting({ lastUsedAt }, NOW),
  );
  expect(noted).toEqual([true, true, false, false]);
});

test.each([
  ['without an end', {}, 60_000, { oldExpiresAt: NOW + 60_000, newExpiresAt: null }],
  [
    'with a far end',
    { expiresAt: NOW + DAY_MS },
    60_000,
    { oldExpiresAt: NOW + 60_000, newExpiresAt: NOW + 2 * DAY_MS },
  ],
  ['with a near end', { expiresAt: NOW + 5 }, 60_000, { oldExpiresAt: NOW + 5, newExpiresAt: NOW + DAY_MS + 5 }],
  ['at once', {}, 0, { oldExpiresAt: NOW, newExpiresAt: null }],
  ['that has expired', { expiresAt: NOW }, 60_000, null],
  ['that was rotated before', { replacedBy: 'other' }, 60_000, null],
])('the rotation of a key %s', (_, more, overlapMs, expected) => {
  expect(decideRotation({ ...KEY, ...more }, NOW, overlapMs)).toEqual(expected);
});
