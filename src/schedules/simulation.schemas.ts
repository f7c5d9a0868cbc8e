import { z } from 'zod';
import { EDIT_ACTIONS } from '../domain/occurrence-edit.js';
import { MisfireInput, OverlapInput } from '../platform/contract/policies.schema.js';
import { ScheduleInput, ScheduleView } from '../platform/contract/schedule.schema.js';
import { MOST_EDITS } from '../domain/occurrence-editing.js';
import { durationMeta, elapsedInput, InstantInput, InstantText } from '../platform/contract/values.schema.js';

const MAX_SPANS = 50;
const MAX_LIMIT = 1_000;
const DAY_MS = 86_400_000;

const Spans = (description: string) =>
  z
    .array(z.strictObject({ from: InstantInput, to: InstantInput }))
    .max(MAX_SPANS)
    .default([])
    .meta({ description });

/** A body would change nothing of what becomes of it. */
const SimulatedEdit = z
  .strictObject({
    scheduledFor: InstantInput,
    action: z.enum(EDIT_ACTIONS).exclude(['run']),
    to: InstantInput.optional(),
  })
  .superRefine(({ action, to, scheduledFor }, context) => {
    const refuse = (code: string, message: string): void =>
      context.addIssue({ code: 'custom', path: ['to'], message, params: { code } });
    if ((action === 'move') !== (to !== undefined)) refuse('invalid_value', 'goes with "move", and with it alone');
    if (to === scheduledFor) refuse('out_of_range', "is the occurrence's own instant");
  });

const EXAMPLE = {
  schedule: '*/30 * * * *',
  overlap: 'skip',
  misfire: { policy: 'runLast' },
  from: '2026-03-02T08:00:00Z',
  to: '2026-03-02T12:00:00Z',
  runDuration: 'PT45M',
  outages: [{ from: '2026-03-02T10:10:00Z', to: '2026-03-02T11:10:00Z' }],
};

export const SimulationInput = z
  .strictObject({
    schedule: ScheduleInput,
    overlap: OverlapInput,
    misfire: MisfireInput.prefault({}),
    from: InstantInput.optional().meta({ description: 'When the job is made; default now', example: EXAMPLE.from }),
    to: InstantInput.optional().meta({ description: 'Inclusive; default a day later', example: EXAMPLE.to }),
    runDuration: elapsedInput(0, DAY_MS).prefault('PT1S').meta(durationMeta('How long each call takes', 'PT1S')),
    outages: Spans('Nothing is planned and no call begins; in their order'),
    pauses: Spans('The job is paused; in their order'),
    occurrenceEdits: z
      .array(SimulatedEdit)
      .max(MOST_EDITS)
      .refine((edits) => new Set(edits.map(({ scheduledFor }) => scheduledFor)).size === edits.length, {
        error: 'names an occurrence twice',
        params: { code: 'duplicate' },
      })
      .default([])
      .meta({ description: 'Single occurrences that are skipped or moved' }),
    limit: z.int().min(1).max(MAX_LIMIT).default(100).meta({ description: 'At most so many occurrences' }),
  })
  .meta({ id: 'SimulationInput', example: EXAMPLE });

const SimulatedRunView = z
  .strictObject({
    scheduledFor: InstantText,
    local: z.string().meta({ example: '2026-03-02T09:00:00+01:00' }),
    dueAt: InstantText,
    plannedAt: InstantText.meta({ description: 'Later than it was due after an outage or a pause' }),
    trigger: z.enum(['schedule', 'misfire']),
    outcome: z.enum(['ran', 'skipped', 'cancelled', 'open']).meta({ description: '`open`: at the end of the span' }),
    reason: z.string().nullable().meta({ description: 'As the ledger would have it' }),
    startedAt: InstantText.nullable(),
    finishedAt: InstantText.nullable(),
  })
  .meta({ id: 'SimulatedRun' });

export const SimulationView = z
  .strictObject({
    schedule: ScheduleView,
    text: z.string(),
    occurrences: z.array(SimulatedRunView),
    truncated: z.boolean().meta({ description: '`limit` was reached before the end of the span' }),
  })
  .meta({ id: 'Simulation' });
export type SimulationView = z.infer<typeof SimulationView>;
