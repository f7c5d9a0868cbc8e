import { z } from 'zod';
import { ATTENTION_KINDS, SEVERITIES } from '../domain/statistics/attention.js';
import { IdText, InstantInput, InstantText } from '../platform/contract/values.schema.js';

const count = z.int().nonnegative();

export const ForecastQuery = z.strictObject({
  from: InstantInput.optional().meta({
    description:
      'Inclusive; default now. Widened to a whole cell; what lies back, or farther ahead than is computed, has none',
  }),
  to: InstantInput.optional().meta({ description: 'Exclusive; default 24 hours after the beginning' }),
  resolution: z
    .enum(['PT1M', 'PT1H'])
    .default('PT1M')
    .meta({ description: 'Minutes reach 24 hours ahead, hours 7 days; a span may be as long' }),
});
export type ForecastQuery = z.infer<typeof ForecastQuery>;

export const ForecastView = z
  .strictObject({
    from: InstantText,
    to: InstantText,
    resolution: z.enum(['PT1M', 'PT1H']),
    computedAt: InstantText.nullable().meta({
      description: 'Of a project with many jobs it is computed in the background; null: not yet, and nothing is known',
    }),
    estimated: z
      .boolean()
      .meta({ description: 'Some rules are too many or too frequent to follow each of their occurrences' }),
    total: count,
    peak: count,
    cells: z.array(z.strictObject({ at: InstantText, fires: count })).meta({ description: 'Empty ones are left out' }),
    crowded: z
      .array(
        z.strictObject({
          at: InstantText,
          fires: count,
          jobs: z.array(z.strictObject({ id: IdText, name: z.string() })).meta({ description: 'Some of them' }),
          afterSpreading: count.meta({
            description:
              'What would fire in that minute if those who fire at that very minute were spread by `H` within their period, an hour at most',
          }),
        }),
      )
      .meta({ description: 'Minutes of the next 24 hours, the most crowded first, ten at most' }),
  })
  .meta({
    id: 'Forecast',
    example: {
      from: '2026-03-02T08:00:00.000Z',
      to: '2026-03-03T08:00:00.000Z',
      resolution: 'PT1M',
      computedAt: '2026-03-02T07:58:10.000Z',
      estimated: false,
      total: 1200,
      peak: 1200,
      cells: [{ at: '2026-03-02T09:00:00.000Z', fires: 1200 }],
      crowded: [
        {
          at: '2026-03-02T09:00:00.000Z',
          fires: 1200,
          jobs: [{ id: '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11', name: 'nightly-report' }],
          afterSpreading: 20,
        },
      ],
    },
  });
export type ForecastView = z.infer<typeof ForecastView>;

export const TargetsView = z
  .strictObject({
    from: InstantText,
    to: InstantText,
    data: z
      .array(
        z.strictObject({
          host: z.string().meta({ description: 'With the port, where the URL names one', example: 'api.example.com' }),
          state: z.enum(['healthy', 'failing', 'slow', 'quiet']).meta({
            description:
              'failing: a tenth of the runs failed; slow: the slowest twentieth took 5 s and longer; quiet: nothing was called',
          }),
          runs: count,
          failed: count,
          attempts: count,
          durationMs: z.strictObject({ p50: count, p95: count }).nullable(),
          lastFailureAt: InstantText.nullable(),
          lastError: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
        }),
      )
      .meta({ description: 'The worst first, 200 at most' }),
  })
  .meta({
    id: 'Targets',
    example: {
      from: '2026-03-02T07:00:00.000Z',
      to: '2026-03-02T08:00:00.000Z',
      data: [
        {
          ...{ host: 'api.example.com', state: 'healthy', runs: 120, failed: 0, attempts: 121 },
          ...{ durationMs: { p50: 31, p95: 84 }, lastFailureAt: null, lastError: null },
        },
      ],
    },
  });
export type TargetsView = z.infer<typeof TargetsView>;

export const AttentionView = z
  .strictObject({
    onTime: z.boolean(),
    sentence: z.string().meta({ description: 'Whether everything is on time, for people' }),
    items: z
      .array(
        z.strictObject({
          kind: z.enum(ATTENTION_KINDS),
          severity: z.enum(SEVERITIES),
          jobId: IdText.nullable(),
          host: z.string().nullable(),
          detail: z.string(),
          since: InstantText.nullable(),
        }),
      )
      .meta({ description: 'The most severe first, 50 at most' }),
  })
  .meta({
    id: 'Attention',
    example: {
      onTime: true,
      sentence: 'Everything is on time: 120 runs in the last hour, none of them failed.',
      items: [
        {
          ...{ kind: 'jobFailing', severity: 'warning', jobId: '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11', host: null },
          ...{ detail: 'nightly-report has failed 3 times in a row', since: '2026-03-02T07:00:00.000Z' },
        },
      ],
    },
  });
export type AttentionView = z.infer<typeof AttentionView>;
