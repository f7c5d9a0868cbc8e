import { z } from 'zod';
import { EDIT_ACTIONS } from '../domain/occurrence-edit.js';
import { InstantInput } from '../platform/contract/values.schema.js';
import { PauseMembers } from './job.schemas.js';

const EXAMPLE = { action: 'move', to: '2026-03-03T10:30:00Z', note: 'the source is late that day' };

export const OccurrenceEditInput = z
  .strictObject({
    action: z.enum(EDIT_ACTIONS).meta({
      description: '`skip` leaves it out, `move` makes it due at `to`, `run` gives it another body',
    }),
    to: InstantInput.optional().meta({ description: 'Of `move`: in the future', example: EXAMPLE.to }),
    body: z
      .unknown()
      .optional()
      .meta({
        description: "Any JSON value in place of the job's body: required by `run`, possible with `move`",
        example: { reason: 'rerun' },
      }),
    note: PauseMembers.note,
  })
  .superRefine(({ action, to, body }, context) => {
    const refuse = (member: string, code: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [member], message, params: { code } });
    if (action === 'move' && to === undefined) refuse('to', 'required', 'is required to move it');
    if (action !== 'move' && to !== undefined) refuse('to', 'not_allowed', `has no meaning with "${action}"`);
    const hasBody = body !== undefined && body !== null;
    if (action === 'run' && !hasBody) refuse('body', 'required', 'is required: without one it runs anyway');
    if (action === 'skip' && hasBody) refuse('body', 'not_allowed', 'has no meaning with "skip"');
  })
  .meta({ id: 'OccurrenceEditInput', example: EXAMPLE });
export type OccurrenceEditInput = z.infer<typeof OccurrenceEditInput>;
