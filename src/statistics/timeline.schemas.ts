import { z } from 'zod';
import { EDIT_ACTIONS } from '../domain/occurrence-edit.js';
import { PageInfo, pageParameters } from '../platform/contract/page.js';
import { countParameter } from '../platform/contract/page.js';
import { IdText, InstantText } from '../platform/contract/values.schema.js';
import { MarkView, repeatedIds, spanParameters, stateCounts } from './statistics.schemas.js';

const MAX_LANES = 100;
const DEFAULT_LANES = 50;

export const TimelineQuery = z.strictObject({
  ...spanParameters,
  jobId: repeatedIds(MAX_LANES)
    .optional()
    .meta({
      description: 'Only these jobs, in this order; those that there are not are left out. Without it all, by name.',
      example: ['0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11'],
    }),
  limit: countParameter(1, MAX_LANES, DEFAULT_LANES).meta({ description: 'Lanes in a page' }),
  cursor: pageParameters.cursor,
});
export type TimelineQuery = z.infer<typeof TimelineQuery>;

const LaneView = z
  .strictObject({
    jobId: IdText,
    jobName: z.string(),
    timeZone: z.string(),
    state: z.enum(['active', 'paused', 'completed']),
    runs: z
      .array(MarkView)
      .nullable()
      .meta({ description: 'The oldest first, when there are 60 or fewer in the span; otherwise null' }),
    bands: z
      .array(z.strictObject({ at: InstantText, ...stateCounts }))
      .nullable()
      .meta({ description: 'Counts by `resolution` when there are more runs than that; empty bands are left out' }),
    occurrences: z
      .array(
        z.strictObject({
          scheduledFor: InstantText,
          dueAt: InstantText.optional().meta({ description: 'When it is due, where that is another instant' }),
          action: z
            .enum(EDIT_ACTIONS)
            .optional()
            .meta({ description: 'What was decided of this one: it is left out, moved, or has another body' }),
        }),
      )
      .meta({ description: 'What will be due in the span, in that order; those to be skipped too' }),
    occurrencesTruncated: z.boolean().meta({ description: 'There are more in the span' }),
    pauses: z.array(z.strictObject({ from: InstantText, to: InstantText.nullable(), note: z.string().nullable() })),
    clockChanges: z
      .array(
        z.strictObject({
          at: InstantText,
          before: z.string().meta({ example: '+01:00' }),
          after: z.string().meta({ example: '+02:00' }),
        }),
      )
      .meta({ description: "Of the job's zone" }),
  })
  .meta({ id: 'Lane' });

export const TimelineView = z
  .strictObject({
    from: InstantText,
    to: InstantText,
    now: InstantText,
    resolution: z
      .enum(['PT1M', 'PT1H', 'PT6H'])
      .meta({ description: 'Width of bands: minutes up to 2 hours, hours up to 6 days, 6 hours up to 31 days' }),
    lanes: z.array(LaneView),
    page: PageInfo,
  })
  .meta({
    id: 'Timeline',
    example: {
      from: '2026-03-29T00:00:00.000Z',
      to: '2026-03-29T02:00:00.000Z',
      now: '2026-03-29T01:00:00.000Z',
      resolution: 'PT1M',
      lanes: [
        {
          jobId: '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11',
          jobName: 'nightly-report',
          timeZone: 'Europe/Paris',
          state: 'active',
          runs: [
            {
              ...{ id: '0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e21', scheduledFor: '2026-03-29T00:30:00.000Z' },
              ...{ state: 'succeeded', reason: null, durationMs: 31, latenessMs: 4 },
            },
          ],
          bands: null,
          occurrences: [{ scheduledFor: '2026-03-29T01:30:00.000Z' }],
          occurrencesTruncated: false,
          pauses: [],
          clockChanges: [{ at: '2026-03-29T01:00:00.000Z', before: '+01:00', after: '+02:00' }],
        },
      ],
      page: { nextCursor: null },
    },
  });
export type TimelineView = z.infer<typeof TimelineView>;
export type LaneView = z.infer<typeof LaneView>;
