import { sameJson } from './json.js';
import type { Instant } from './recurrence/schedule.js';

/** What users do, as `<thing>.<what is done to it>`. Reading is none of it. */
export const AUDIT_ACTIONS = [
  'job.create',
  'job.update',
  'job.revert',
  'job.pause',
  'job.resume',
  'job.skipNext',
  'job.delete',
  'job.trigger',
  'job.backfill',
  'target.test',
  'run.cancel',
  'run.replay',
  'calendar.create',
  'calendar.update',
  'calendar.delete',
  'project.create',
  'project.update',
  'apiKey.create',
  'apiKey.rotate',
  'apiKey.revoke',
  'signingSecret.create',
  'signingSecret.rotate',
  'signingSecret.revoke',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** `anyone`: the service is open and asks nobody for a key. `service`: no request made it do so. */
export const ACTOR_TYPES = ['apiKey', 'rootKey', 'token', 'anyone', 'service'] as const;
export type ActorType = (typeof ACTOR_TYPES)[number];

/** Members of a thing as the API shows them: no secret in them but its mask. */
export type Members = Readonly<Record<string, unknown>>;

/** One thing that a request did, to be written with it. */
export interface AuditNote {
  readonly projectId: string;
  readonly action: AuditAction;
  /** Of the job, run, project, key or secret that the action names. */
  readonly thingId: string;
  readonly thingName: string | null;
  /** The version of a job that came of it, where one did. */
  readonly jobVersion?: number;
  /** Null: there was nothing before. */
  readonly before: Members | null;
  /** Null: there is nothing after. */
  readonly after: Members | null;
}

/** An entry of the audit log. Its id carries its instant: in the order of ids they are listed. */
export interface AuditEntry extends AuditNote {
  readonly id: string;
  readonly at: Instant;
  readonly actorType: ActorType;
  /** The key's id, or who the token was made for. */
  readonly actorId: string | null;
  /** The key's name when it acted. */
  readonly actorName: string | null;
  readonly actorRole: string | null;
  /** The address that the request came from. */
  readonly address: string | null;
  readonly requestId: string | null;
}

/** Of two states of a thing only the members that differ. */
export function differenceOf(before: Members, after: Members): { readonly before: Members; readonly after: Members } {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => !sameJson(before[name], after[name]),
  );
  const only = (members: Members): Members =>
    Object.fromEntries(names.flatMap((name) => (Object.hasOwn(members, name) ? [[name, members[name]]] : [])));
  return { before: only(before), after: only(after) };
}

/** The lowest id (version 7 of RFC 9562) that an entry of this instant can have. */
export function firstIdAt(instant: Instant): string {
  const hex = Math.max(0, instant).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

/** The instant that an id carries. */
export function instantOfId(id: string): Instant {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
