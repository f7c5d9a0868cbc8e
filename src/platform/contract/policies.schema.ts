import { z } from 'zod';
import type { MisfirePolicy } from '../../domain/job.js';
import { durationMeta, elapsedInput } from './values.schema.js';

const DAY_MS = 86_400_000;
export const MISFIRE_POLICIES = ['skip', 'runLast', 'runAll'] as const;

export const MisfireInput = z
  .strictObject({
    policy: z.enum(MISFIRE_POLICIES).default('runLast'),
    grace: elapsedInput(0, DAY_MS)
      .prefault('PT10S')
      .meta(durationMeta('Found no later than this, an occurrence runs as if on time; up to 1 day', 'PT10S')),
    within: elapsedInput(0, 366 * DAY_MS)
      .prefault('PT1H')
      .meta(durationMeta('Older than this an occurrence is never run; up to 366 days', 'PT1H')),
    limit: z.int().min(1).max(1_000).default(100).meta({ description: 'runAll: at most so many, the newest' }),
  })
  .transform(({ policy, grace, within, limit }): MisfirePolicy => ({ policy, graceMs: grace, withinMs: within, limit }))
  .meta({ id: 'MisfireInput', description: 'What becomes of occurrences that were found late.' });

export const OVERLAPS = ['allow', 'skip', 'queueOne', 'queueAll', 'cancelRunning'] as const;

export const OverlapInput = z
  .enum(OVERLAPS)
  .default('allow')
  .meta({ description: 'What a run does while earlier ones of the job are open' });
