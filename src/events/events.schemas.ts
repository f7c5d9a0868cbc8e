import { z } from 'zod';
import { IdText, InstantText } from '../platform/contract/values.schema.js';

/** As `data` of an event `run`. */
export const RunEvent = z
  .strictObject({
    id: IdText,
    jobId: IdText,
    jobName: z.string(),
    trigger: z.enum(['schedule', 'manual', 'backfill', 'replay', 'misfire']),
    state: z.enum(['queued', 'running', 'retrying', 'held', 'succeeded', 'failed', 'cancelled', 'skipped']),
    reason: z.string().nullable(),
    scheduledFor: InstantText,
    attempt: z.int(),
    startedAt: InstantText.nullable(),
    finishedAt: InstantText.nullable(),
    latenessMs: z.int().nullable(),
    durationMs: z.int().nullable(),
  })
  .meta({ id: 'RunEvent', description: 'The run as it stands now.' });
export type RunEvent = z.infer<typeof RunEvent>;

export const JobEvent = z
  .strictObject({
    id: IdText,
    name: z.string(),
    change: z.enum(['created', 'changed', 'paused', 'resumed', 'deleted', 'completed']),
  })
  .meta({ id: 'JobEvent' });
export type JobEvent = z.infer<typeof JobEvent>;

export const ResyncEvent = z
  .strictObject({
    reason: z.enum(['started', 'missed', 'busy', 'slow']).meta({
      description:
        '`started`: others may just have learned that somebody listens; `missed`: messages were lost, or can not be sent again; ' +
        '`busy`: more happens than is told one by one; `slow`: this client reads too slowly, its stream ends',
    }),
  })
  .meta({ id: 'ResyncEvent', description: 'Something was or may have been missed: load anew.' });
export type ResyncEvent = z.infer<typeof ResyncEvent>;
