import { z } from 'zod';
import type { Fault, Problem } from '../../domain/errors.js';
import { refusalOf, TITLES } from '../problem-details/problem-document.js';

export const ItemProblem = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().meta({ description: 'Stable, for programs; as the operation for one job has it' }),
    errors: z.array(
      z.strictObject({
        pointer: z.string().meta({ description: 'JSON pointer (RFC 6901) into the request', example: '/jobs/3/name' }),
        code: z.string(),
        detail: z.string(),
        words: z
          .strictObject({ position: z.int().min(1), text: z.string() })
          .optional()
          .meta({ description: 'Of a schedule in words: what is at fault' }),
        suggestions: z
          .array(z.string())
          .readonly()
          .optional()
          .meta({ description: 'Of a schedule in words: phrases that are understood' }),
      }),
    ),
  })
  .meta({ id: 'ItemProblem', description: 'Why nothing became of one item.' });
export type ItemProblem = z.infer<typeof ItemProblem>;

/**
 * `pointer` is where the item stands in the request, or null for one that a filter found; `contentPointer` where what its
 * faults point into stands.
 */
export function itemProblem(
  problem: Problem,
  pointer: string | null,
  contentPointer: string = pointer ?? '',
): ItemProblem {
  const { status, code, detail, faults } = refusalOf(problem);
  const errors: Fault[] = faults.map((fault) => ({ ...fault, pointer: `${contentPointer}${fault.pointer}` }));
  if (errors.length === 0 && pointer !== null) errors.push({ pointer, code, detail });
  return { type: `urn:carillon:problem:${code}`, title: TITLES[code], status, detail, code, errors };
}
