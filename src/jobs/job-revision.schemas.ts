import { z } from 'zod';
import { ACTOR_TYPES, AUDIT_ACTIONS } from '../domain/audit.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { ListedRevision } from '../persistence/job-revisions.repository.js';
import { PageInfo } from '../platform/contract/page.js';
import { InstantText } from '../platform/contract/values.schema.js';
import { JobView } from './job.schemas.js';
import { scheduleTextOf, settingsOf } from './job-view.js';

const MAX_VERSION = 2_147_483_647;

const { name, description, labels, schedule, target, retry, overlap, misfire } = JobView.shape;
const { state, pauseNote, pausedUntil, scheduleText, version } = JobView.shape;
const Members = z.record(z.string(), z.unknown()).nullable();

export const RevisionView = z
  .strictObject({
    version,
    at: InstantText.meta({ description: 'From then on it was so' }),
    change: z
      .strictObject({
        action: z.enum(AUDIT_ACTIONS),
        actor: z.strictObject({
          type: z.enum(ACTOR_TYPES),
          id: z.string().nullable(),
          name: z.string().nullable(),
        }),
        before: Members,
        after: Members,
      })
      .nullable()
      .meta({ description: 'Who made it, and which members became others; null: the audit log does not know' }),
    job: z.strictObject({
      ...{ name, description, labels, schedule, target, retry, overlap, misfire },
      ...{ state, pauseNote, pausedUntil, scheduleText },
    }),
  })
  .meta({ id: 'JobRevision' });
export type RevisionView = z.infer<typeof RevisionView>;

export const RevisionPage = z
  .strictObject({ data: z.array(RevisionView), page: PageInfo })
  .meta({ id: 'JobRevisionPage' });

export const RevertInput = z
  .strictObject({
    version: z.int().min(1).max(MAX_VERSION).meta({ description: 'Of the revision to go back to', example: 1 }),
  })
  .meta({ id: 'RevertInput', example: { version: 1 } });
export type RevertInput = z.infer<typeof RevertInput>;

export function viewOfRevision({ revision, change }: ListedRevision): RevisionView {
  const { definition } = revision;
  return {
    version: revision.version,
    at: formatInstant(revision.at),
    change:
      change === null
        ? null
        : {
            action: change.action,
            actor: { type: change.actorType, id: change.actorId, name: change.actorName },
            before: change.before === null ? null : { ...change.before },
            after: change.after === null ? null : { ...change.after },
          },
    job: {
      ...settingsOf(definition),
      state: revision.state,
      pauseNote: revision.pauseNote,
      pausedUntil: revision.pausedUntil === null ? null : formatInstant(revision.pausedUntil),
      scheduleText: scheduleTextOf(definition),
    },
  };
}
