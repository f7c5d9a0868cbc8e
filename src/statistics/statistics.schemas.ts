import { z } from 'zod';
import { countParameter } from '../platform/contract/page.js';
import { IdText, InstantInput, InstantText } from '../platform/contract/values.schema.js';

/** More ids than these don't fit into an address of 8 KiB. */
export const MAX_STRIPS = 150;
export const MAX_STRIP = 50;

const RUN_STATES = ['queued', 'running', 'retrying', 'held', 'succeeded', 'failed', 'cancelled', 'skipped'] as const;

/** A parameter that is repeated for several. */
export function repeatedIds(most: number) {
  return z.preprocess((given) => (typeof given === 'string' ? [given] : given), z.array(z.guid()).min(1).max(most));
}

export const spanParameters = {
  from: InstantInput.optional().meta({ description: 'Inclusive; widened to a whole bucket' }),
  to: InstantInput.optional().meta({ description: 'Exclusive; widened to a whole bucket' }),
};

const count = z.int().nonnegative();

const percentiles = { p50: count, p95: count, p99: count, max: count };

const Percentiles = z.strictObject(percentiles).meta({
  id: 'Percentiles',
  description: 'Milliseconds, from histograms: at most 3.2 % off. `max` is exact.',
  example: { p50: 4, p95: 12, p99: 31, max: 240 },
});

export const stateCounts = {
  succeeded: count,
  failed: count,
  cancelled: count,
  skipped: count,
  open: count.meta({ description: 'Queued, held, running or between attempts' }),
};

export const StatisticsQuery = z.strictObject({
  ...spanParameters,
  jobId: z.guid().optional().meta({ description: 'Only runs of this job' }),
});
export type StatisticsQuery = z.infer<typeof StatisticsQuery>;

export const StatisticsView = z
  .strictObject({
    from: InstantText,
    to: InstantText,
    resolution: z
      .enum(['PT1M', 'PT1H', 'P1D'])
      .meta({ description: 'Width of the buckets: minutes up to 6 hours, hours up to 14 days, days up to 366' }),
    rolledUpTo: InstantText.nullable().meta({
      description:
        'Minutes before it are counted in advance, the younger ones from the ledger, of which ten minutes are looked at. Null before the first.',
    }),
    totals: z.strictObject({
      runs: count,
      ...stateCounts,
      reasons: z.record(z.string(), count).meta({
        description: 'Why runs were skipped, cancelled or failed',
        example: { overlap: 2 },
      }),
    }),
    latenessMs: z
      .strictObject({
        ...percentiles,
        objective: count.meta({ description: 'Within this the first attempt should start' }),
        withinObjective: z.number().min(0).max(1).meta({ description: 'The share that did' }),
      })
      .nullable()
      .meta({ description: 'Start of the first attempt minus the due instant; null when nothing was started' }),
    durationMs: Percentiles.nullable().meta({ description: 'Of the last attempts of ended runs' }),
    buckets: z
      .array(
        z.strictObject({
          at: InstantText,
          ...stateCounts,
          latenessMs: Percentiles.nullable(),
          durationMs: Percentiles.nullable(),
        }),
      )
      .meta({ description: 'Every one of the span, by `scheduledFor`' }),
  })
  .meta({
    id: 'Statistics',
    example: {
      from: '2026-03-02T08:00:00.000Z',
      to: '2026-03-02T08:01:00.000Z',
      resolution: 'PT1M',
      rolledUpTo: '2026-03-02T09:12:00.000Z',
      totals: { runs: 3, succeeded: 2, failed: 0, cancelled: 0, skipped: 1, open: 0, reasons: { overlap: 1 } },
      latenessMs: { p50: 4, p95: 12, p99: 12, max: 12, objective: 1000, withinObjective: 1 },
      durationMs: { p50: 31, p95: 84, p99: 84, max: 84 },
      buckets: [
        {
          ...{ at: '2026-03-02T08:00:00.000Z', succeeded: 2, failed: 0, cancelled: 0, skipped: 1, open: 0 },
          latenessMs: { p50: 4, p95: 12, p99: 12, max: 12 },
          durationMs: { p50: 31, p95: 84, p99: 84, max: 84 },
        },
      ],
    },
  });
export type StatisticsView = z.infer<typeof StatisticsView>;

export const StripsQuery = z.strictObject({
  jobId: repeatedIds(MAX_STRIPS)
    .optional()
    .transform((ids) => ids ?? [])
    .meta({
      description:
        'Repeat it for several jobs; those that there are not are left out, and without it there is nothing to answer',
      example: ['0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11'],
    }),
  count: countParameter(1, MAX_STRIP, MAX_STRIP).meta({ description: 'Runs of each job' }),
});
export type StripsQuery = z.infer<typeof StripsQuery>;

export const MarkView = z
  .strictObject({
    id: IdText,
    scheduledFor: InstantText,
    state: z.enum(RUN_STATES),
    reason: z.string().nullable(),
    durationMs: count.nullable(),
    latenessMs: count.nullable(),
  })
  .meta({ id: 'RunMark', description: 'What is drawn of a run.' });
export type MarkView = z.infer<typeof MarkView>;

const MARK_EXAMPLE = {
  id: '0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e21',
  scheduledFor: '2026-03-02T08:00:00.000Z',
  state: 'succeeded',
  reason: null,
  durationMs: 31,
  latenessMs: 4,
} as const;

export const StripsView = z
  .strictObject({
    data: z.array(
      z.strictObject({
        jobId: IdText,
        runs: z.array(MarkView).meta({ description: 'The newest last; up to now' }),
      }),
    ),
  })
  .meta({
    id: 'RunStrips',
    example: { data: [{ jobId: '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11', runs: [MARK_EXAMPLE] }] },
  });
export type StripsView = z.infer<typeof StripsView>;
