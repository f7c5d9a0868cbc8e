import type { Quotas } from './quotas.js';
import type { ProjectRateLimits } from './rate-limit.js';
import type { Instant } from './recurrence/schedule.js';

export const KEY_ROLES = ['viewer', 'editor', 'admin'] as const;
/** What the holder of a key may do in its project; each may what those before it may. */
export type KeyRole = (typeof KEY_ROLES)[number];
/** `root` manages projects, and may all in each of them. */
export type AccessRole = KeyRole | 'root';

const RANK: Readonly<Record<AccessRole, number>> = { viewer: 0, editor: 1, admin: 2, root: 3 };

export function mayActAs(role: AccessRole, needed: AccessRole): boolean {
  return RANK[role] >= RANK[needed];
}

export interface Project {
  readonly id: string;
  readonly name: string;
  readonly rateLimits: ProjectRateLimits;
  readonly quotas: Quotas;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

/** What is known of a key; the key itself is known to its holder alone. */
export interface ApiKey {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly role: KeyRole;
  /** The first characters, for people to know it by. */
  readonly prefix: string;
  /** From then on it opens nothing; null: it never ends by itself. */
  readonly expiresAt: Instant | null;
  readonly lastUsedAt: Instant | null;
  /** The key that a rotation made in its place. */
  readonly replacedBy: string | null;
  readonly createdAt: Instant;
}

export function hasExpired({ expiresAt }: Pick<ApiKey, 'expiresAt'>, now: Instant): boolean {
  return expiresAt !== null && expiresAt <= now;
}

/** Whether a use of the key at `now` is worth a write: what is noted is right to the minute. */
export function isUseWorthNoting({ lastUsedAt }: Pick<ApiKey, 'lastUsedAt'>, now: Instant): boolean {
  return lastUsedAt === null || now - lastUsedAt >= LAST_USED_GRAIN_MS;
}

export const LAST_USED_GRAIN_MS = 60_000;

export interface Rotation {
  /** When the old key ends: after the overlap, and never later than it would have anyway. */
  readonly oldExpiresAt: Instant;
  /** The new key lives as long from now on as the old one was given at its creation. */
  readonly newExpiresAt: Instant | null;
}

/** Null when the key was replaced before or has expired: there is nothing left to rotate. */
export function decideRotation(key: ApiKey, now: Instant, overlapMs: number): Rotation | null {
  if (key.replacedBy !== null || hasExpired(key, now)) return null;
  const { expiresAt, createdAt } = key;
  if (expiresAt === null) return { oldExpiresAt: now + overlapMs, newExpiresAt: null };
  return { oldExpiresAt: Math.min(expiresAt, now + overlapMs), newExpiresAt: now + (expiresAt - createdAt) };
}
