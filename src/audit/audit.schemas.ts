import { z } from 'zod';
import { ACTOR_TYPES, AUDIT_ACTIONS } from '../domain/audit.js';
import type { AuditEntry, Members } from '../domain/audit.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import { PageInfo, pageParameters } from '../platform/contract/page.js';
import { IdText, InstantInput, InstantText } from '../platform/contract/values.schema.js';

const MAX_ACTOR = 500;
const THING_TYPES = ['job', 'run', 'target', 'project', 'apiKey', 'signingSecret', 'calendar'] as const;

const MembersView = z.record(z.string(), z.unknown()).nullable();

export const AuditEntryView = z
  .strictObject({
    id: IdText,
    at: InstantText,
    action: z.enum(AUDIT_ACTIONS),
    actor: z.strictObject({
      type: z.enum(ACTOR_TYPES).meta({
        description: '`anyone`: the service is open and asks for no key; `service`: no request made it do so',
      }),
      id: z.string().nullable().meta({ description: 'Of the key, or who the token was made for (`sub`)' }),
      name: z.string().nullable().meta({ description: 'Of the key, when it acted' }),
      role: z.string().nullable(),
    }),
    address: z.string().nullable().meta({ description: 'Where the request came from' }),
    requestId: z.string().nullable().meta({ description: 'The `x-request-id` of the request; a bulk request has one' }),
    thing: z.strictObject({
      type: z.enum(THING_TYPES),
      id: IdText,
      name: z.string().nullable().meta({ description: "A run has its job's" }),
    }),
    before: MembersView.meta({
      description: 'The thing before; where it only changed, the members that differ; null: there was nothing',
    }),
    after: MembersView.meta({
      description:
        'The thing afterwards, in the same way. Secrets are masked; `secretsSet` and `secretsDropped` name those that changed',
    }),
  })
  .meta({
    id: 'AuditEntry',
    example: {
      id: '0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e21',
      at: '2026-03-02T08:00:00.004Z',
      action: 'job.update',
      actor: { type: 'apiKey', id: '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11', name: 'deploy pipeline', role: 'editor' },
      address: '203.0.113.7',
      requestId: 'a1b2c3d4e5f6-1k',
      thing: { type: 'job', id: '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a12', name: 'nightly-report' },
      before: { overlap: 'allow', version: 3 },
      after: { overlap: 'skip', version: 4 },
    },
  });
export type AuditEntryView = z.infer<typeof AuditEntryView>;

export const AuditPage = z.strictObject({ data: z.array(AuditEntryView), page: PageInfo }).meta({ id: 'AuditPage' });

export const AuditQuery = z.strictObject({
  ...pageParameters,
  thingId: z.guid().optional().meta({ description: 'Only what was done to this job, run, project, key or secret' }),
  actorId: z.string().min(1).max(MAX_ACTOR).optional().meta({
    description: 'Only what was done with this key (its id), or by whom the tokens name so (`sub`)',
  }),
  from: InstantInput.optional().meta({ description: 'Earliest, inclusive' }),
  to: InstantInput.optional().meta({ description: 'Latest, inclusive' }),
});
export type AuditQuery = z.infer<typeof AuditQuery>;

export function viewOfEntry(entry: AuditEntry): AuditEntryView {
  const { id, at, action, actorType, actorId, actorName, actorRole, address, requestId } = entry;
  return {
    ...{ id, at: formatInstant(at), action },
    actor: { type: actorType, id: actorId, name: actorName, role: actorRole },
    ...{ address, requestId },
    thing: { type: thingTypeOf(entry), id: entry.thingId, name: entry.thingName },
    before: membersOrNull(entry.before),
    after: membersOrNull(entry.after),
  };
}

/** As the action names it. */
function thingTypeOf({ action }: AuditEntry): (typeof THING_TYPES)[number] {
  return action.slice(0, action.indexOf('.')) as (typeof THING_TYPES)[number];
}

function membersOrNull(members: Members | null): Record<string, unknown> | null {
  return members === null ? null : { ...members };
}
