import { z } from 'zod';
import { VERDICTS } from '../domain/explain.js';
import { IdText, InstantInput, InstantText } from '../platform/contract/values.schema.js';

export const ExplainQuery = z.strictObject({
  at: InstantInput.optional().meta({
    description: 'The instant in question, past or to come, as an occurrence would have it; default now',
  }),
});
export type ExplainQuery = z.infer<typeof ExplainQuery>;

export const ExplanationView = z
  .strictObject({
    at: InstantText,
    verdict: z.enum(VERDICTS),
    text: z.string().meta({ description: 'The same for people' }),
    runId: IdText.nullable().meta({ description: 'The run of the schedule for that instant' }),
    besideRunId: IdText.nullable().meta({
      description: 'The open run because of which it was skipped, held or replaced',
    }),
    version: z.int().nullable().meta({ description: 'The version of the job in force at that instant' }),
    previous: InstantText.nullable().meta({ description: 'The occurrence before, by that version' }),
    next: InstantText.nullable().meta({ description: 'The occurrence after, by that version' }),
  })
  .meta({
    id: 'Explanation',
    example: {
      at: '2026-03-02T08:00:00.000Z',
      verdict: 'recorded',
      text: 'It was skipped: an earlier run was still open, and the overlap policy leaves it out then.',
      runId: '0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e21',
      besideRunId: '0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e20',
      version: 4,
      previous: '2026-03-02T07:00:00.000Z',
      next: '2026-03-02T09:00:00.000Z',
    },
  });
export type ExplanationView = z.infer<typeof ExplanationView>;

export const AuditInput = z
  .strictObject({
    from: InstantInput.optional().meta({
      description: 'Inclusive; default a day before `to`',
      example: '2026-03-01T00:00:00Z',
    }),
    to: InstantInput.optional().meta({ description: 'Inclusive; default now', example: '2026-03-02T00:00:00Z' }),
  })
  .optional()
  .meta({ id: 'AuditInput', example: { from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z' } });
export type AuditInput = z.infer<typeof AuditInput>;

const FoundRun = z.strictObject({ scheduledFor: InstantText, runId: IdText });

export const AuditView = z
  .strictObject({
    from: InstantText,
    to: InstantText.meta({ description: 'How far was compared: go on from there when `truncated`' }),
    truncated: z.boolean(),
    expected: z.int().meta({ description: 'Occurrences that must be in the ledger, by the versions of the job' }),
    found: z.int().meta({ description: 'Runs of the schedule that are in it, skipped ones too' }),
    missing: z.array(z.strictObject({ scheduledFor: InstantText, version: z.int() })),
    doubled: z.array(z.strictObject({ scheduledFor: InstantText, runIds: z.array(IdText) })),
    early: z.array(FoundRun).meta({ description: 'Started before they were due' }),
    unexpected: z.array(FoundRun).meta({ description: 'For instants at which no version had an occurrence' }),
  })
  .meta({
    id: 'LedgerAudit',
    example: {
      from: '2026-03-01T00:00:00.000Z',
      to: '2026-03-02T00:00:00.000Z',
      truncated: false,
      expected: 24,
      found: 24,
      missing: [],
      doubled: [],
      early: [],
      unexpected: [],
    },
  });
export type AuditView = z.infer<typeof AuditView>;
