import { createHash } from 'node:crypto';
import { failuresAllowed, totalByDefault } from '../domain/rate-limit.js';
import type { RateLimit } from '../domain/rate-limit.js';
import type { Caller } from '../platform/caller.js';
import type { Check } from './limit-store.js';

/** Who sent a request, as far as it was found out. */
export interface Sender {
  /** Null when it was refused. */
  readonly caller: Caller | null;
  /** It presented something that does not let it in. */
  readonly failed: boolean;
  /** Of IPv6 the network: who has one address there has them all. */
  readonly address: string;
}

/**
 * What a request counts against: its key and its project; without a key its address. Failed attempts are counted apart, so
 * that right keys from the same address are let in all the same. What stands in braces decides, in a cluster, where a counter
 * lies: those of one request together.
 */
export function checksOf({ caller, failed, address }: Sender, byDefault: RateLimit): Check[] {
  if (failed) return [{ policy: 'failures', counter: `{${address}}:failures`, limit: failuresAllowed(byDefault) }];
  const id = caller === null ? null : idOf(caller);
  if (caller === null || id === null) return [{ policy: 'address', counter: `{${address}}`, limit: byDefault }];
  const { projectId, rateLimits } = caller;
  return [
    { policy: 'key', counter: `{${projectId}}:${id}`, limit: rateLimits?.perKey ?? byDefault },
    { policy: 'project', counter: `{${projectId}}`, limit: rateLimits?.total ?? totalByDefault(byDefault) },
  ];
}

/** Of a token its holder, hashed: a subject may be anything, a name too. */
function idOf({ keyId, subject }: Caller): string | null {
  if (keyId !== null || subject === null) return keyId;
  return createHash('sha256').update(subject).digest('base64url');
}
