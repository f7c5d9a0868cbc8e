import { z } from 'zod';
import { TargetInput } from '../../platform/contract/target.schema.js';

const elapsed = (description: string) => z.int().nullable().meta({ description });
const headers = z.record(z.string(), z.string());

export const TargetTestInput = z
  .strictObject({
    target: TargetInput,
    body: z
      .unknown()
      .optional()
      .meta({ description: "Any JSON, in place of the target's body; absent or null: the target's" }),
    jobId: z
      .guid()
      .optional()
      .meta({ description: 'Masks of secrets in the target stand for the secrets of this job' }),
  })
  .meta({ id: 'TargetTestInput', example: { target: 'https://example.com/hooks/report', body: { report: 'trial' } } });
export type TargetTestInput = z.infer<typeof TargetTestInput>;

export const TargetTestView = z
  .strictObject({
    outcome: z.enum(['succeeded', 'failed', 'timedOut', 'cancelled']).meta({ description: 'As an attempt would end' }),
    status: z.int().nullable().meta({ description: 'HTTP status of the answer' }),
    durationMs: z.int(),
    timings: z
      .strictObject({
        resolvedMs: elapsed('The addresses of the target were known'),
        connectedMs: elapsed('The connection was made, TLS included'),
        firstByteMs: elapsed('The answer began'),
        doneMs: elapsed('The call was over'),
      })
      .meta({
        description: 'Milliseconds from its start; null: it did not happen, as with a connection that was kept',
      }),
    request: z
      .strictObject({ method: z.string(), url: z.string(), headers, body: z.string().nullable() })
      .nullable()
      .meta({ description: 'As it was sent, with secrets masked; null: there was none to send' }),
    response: z.strictObject({ status: z.int(), headers, bodyExcerpt: z.string() }).nullable(),
    error: z
      .strictObject({ code: z.string().meta({ description: 'Stable, for programs' }), message: z.string() })
      .nullable(),
  })
  .meta({
    id: 'TargetTest',
    example: {
      outcome: 'succeeded',
      status: 200,
      durationMs: 31,
      timings: { resolvedMs: 1, connectedMs: 4, firstByteMs: 30, doneMs: 31 },
      request: {
        method: 'POST',
        url: 'https://example.com/hooks/report',
        headers: { 'content-type': 'application/json', 'carillon-test': 'true' },
        body: '{"report":"trial"}',
      },
      response: { status: 200, headers: { 'content-type': 'text/plain' }, bodyExcerpt: 'ok' },
      error: null,
    },
  });
export type TargetTestView = z.infer<typeof TargetTestView>;
