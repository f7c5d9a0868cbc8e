import { createHash } from 'node:crypto';
import type { ExecutionContext } from '@nestjs/common';
import { parseRateLimit } from '../../../src/domain/rate-limit.js';
import type { Caller } from '../../../src/platform/caller.js';
import { costOf, Costs, memberOf } from '../../../src/platform/request-cost.js';
import { checksOf } from '../../../src/rate-limiting/checks.js';
import { rateLimitHeaders } from '../../../src/rate-limiting/headers.js';
import type { Check } from '../../../src/rate-limiting/limit-store.js';

const MINUTE = 60_000;
const BY_DEFAULT = { requests: 1_200, windowMs: MINUTE };
const SUBJECT_HASH = createHash('sha256').update('s').digest('base64url');
const CALLER: Caller = {
  projectId: 'p',
  role: 'viewer',
  keyId: 'k',
  subject: null,
  rateLimits: { perKey: null, total: null },
};

test.each([
  ['1200/1m', { requests: 1_200, windowMs: MINUTE }],
  ['5/PT2S', { requests: 5, windowMs: 2_000 }],
  ['1/1d', { requests: 1, windowMs: 86_400_000 }],
  ['0/1m', null],
  ['1/2d', null],
  ['1/0.5s', null],
  ['1m/1', null],
  ['1', null],
])('the limit %s', (text, limit) => {
  expect(parseRateLimit(text)).toEqual(limit);
});

describe('what a request counts against', () => {
  const of = (caller: Caller | null, failed = false) =>
    checksOf({ caller, failed, address: '192.0.2.1' }, BY_DEFAULT).map(
      ({ policy, counter, limit }) => `${policy} ${counter} ${limit.requests}/${limit.windowMs}`,
    );

  it.each([
    ['a key', CALLER, ['key {p}:k 1200/60000', 'project {p} 12000/60000']],
    [
      'a key under a plan',
      { ...CALLER, rateLimits: { perKey: { requests: 7, windowMs: 1_000 }, total: { requests: 9, windowMs: 2_000 } } },
      ['key {p}:k 7/1000', 'project {p} 9/2000'],
    ],
    [
      'a token',
      { ...CALLER, keyId: null, subject: 's' },
      [`key {p}:${SUBJECT_HASH} 1200/60000`, 'project {p} 12000/60000'],
    ],
    ['the root key', { ...CALLER, keyId: null, rateLimits: null }, ['address {192.0.2.1} 1200/60000']],
  ])('%s', (_, caller, checks) => {
    expect(of(caller)).toEqual(checks);
  });

  it('nobody: the address, and failed attempts apart', () => {
    expect(of(null)).toEqual(['address {192.0.2.1} 1200/60000']);
    expect(of(null, true)).toEqual(['failures {192.0.2.1}:failures 120/60000']);
  });
});

test('the headers name every limit, and in their older form the nearest', () => {
  const checks: Check[] = [
    { policy: 'key', counter: 'a', limit: { requests: 10, windowMs: MINUTE } },
    { policy: 'project', counter: 'b', limit: { requests: 12, windowMs: 1_500 } },
  ];
  const standings = [
    { used: 3, resetMs: 59_001, waitMs: 0 },
    { used: 12, resetMs: 10, waitMs: 1_001 },
  ];
  expect(rateLimitHeaders(checks, standings)).toEqual({
    'RateLimit-Policy': '"key";q=10;w=60, "project";q=12;w=2',
    RateLimit: '"key";r=7;t=60, "project";r=0;t=2',
    'X-RateLimit-Limit': '12',
    'X-RateLimit-Remaining': '0',
    'X-RateLimit-Reset': '2',
  });
});

describe('what a request costs', () => {
  class Controller {
    @Costs({ of: 'occurrences', each: 100 }, ({ body }) => memberOf(body, 'count'))
    preview(): number {
      return 1;
    }
    read(): number {
      return 1;
    }
  }
  const handlers = Controller.prototype as unknown as Record<'preview' | 'read', object>;
  const cost = (handler: 'preview' | 'read', body: unknown) =>
    costOf({
      getHandler: () => handlers[handler],
      switchToHttp: () => ({ getRequest: () => ({ body, query: {} }) }),
    } as unknown as ExecutionContext);

  it.each([
    [{ count: 1_000 }, 10],
    [{ count: 101 }, 2],
    [{ count: 100 }, 1],
    [{ count: '250' }, 3],
    [{}, 1],
    [null, 1],
    ['text', 1],
    [{ count: 'much' }, 1],
    [{ count: -5 }, 1],
    [{ count: {} }, 1],
    [{ count: 1e300 }, 1_000],
  ])('%j: %d', (body, requests) => {
    expect(cost('preview', body)).toBe(requests);
  });

  it('one, where nothing else is said', () => {
    expect(cost('read', { count: 1_000 })).toBe(1);
  });
});
