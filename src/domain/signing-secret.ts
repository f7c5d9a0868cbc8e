import type { Instant } from './recurrence/schedule.js';

/** What is known of a secret that a project's calls are signed with (Standard Webhooks). */
export interface SigningSecret {
  readonly id: string;
  readonly projectId: string;
  /** From then on nothing is signed with it; null: it is the current one. */
  readonly expiresAt: Instant | null;
  /** The secret that a rotation made in its place. */
  readonly replacedBy: string | null;
  readonly createdAt: Instant;
}

export type SigningRotation =
  | { readonly kind: 'rotate'; readonly old: SigningSecret; readonly expired: readonly SigningSecret[] }
  | { readonly kind: 'unknown' }
  /** The secret was replaced before. */
  | { readonly kind: 'replaced' }
  /** A call carries two signatures at most: the rotation before must be over. */
  | { readonly kind: 'underWay'; readonly until: Instant };

/** Whether one of a project's secrets can be rotated now; `all` are the project's. */
export function decideSigningRotation(all: readonly SigningSecret[], id: string, now: Instant): SigningRotation {
  const old = all.find((secret) => secret.id === id);
  if (old === undefined) return { kind: 'unknown' };
  if (old.replacedBy !== null) return { kind: 'replaced' };
  const others = all.filter((secret) => secret.id !== id);
  const ending = others.find(({ expiresAt }) => expiresAt !== null && expiresAt > now);
  if (ending !== undefined) return { kind: 'underWay', until: ending.expiresAt ?? now };
  return { kind: 'rotate', old, expired: others };
}
