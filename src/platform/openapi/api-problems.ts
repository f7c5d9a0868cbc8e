import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import {
  problemDocument,
  STATUS,
  TITLES,
  transportRefusal,
  type RefusalCode,
} from '../problem-details/problem-document.js';

/** Says which problems an operation may answer: those of one status share its response and stand as its examples. */
export function ApiProblems(...codes: RefusalCode[]): MethodDecorator & ClassDecorator {
  const statuses = [...new Set(codes.map((code) => STATUS[code]))];
  return applyDecorators(
    ...statuses.map((status) =>
      ApiResponse({ status, ...problemResponse(codes.filter((code) => STATUS[code] === status)) }),
    ),
  );
}

/** One response of the document, for codes of the same status. */
export function problemResponse(codes: readonly RefusalCode[]): {
  description: string;
  content: Record<string, object>;
} {
  const examples = codes.map((code) => [code, { summary: TITLES[code], value: example(code) }]);
  return {
    description: codes.map((code) => TITLES[code]).join('; or: '),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(examples) as Record<string, object>,
      },
    },
  };
}

function example(code: RefusalCode): object {
  const refusal = transportRefusal(code, `${TITLES[code].toLowerCase()}: what exactly, in words`);
  return problemDocument(refusal, { path: '/jobs', id: '5f2c9a1d0b3e-1' });
}
