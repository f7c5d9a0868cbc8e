import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { PROBLEM_STATUS, type ProblemCode } from '../../domain/errors.js';
import { problemDocument, TITLES, transportRefusal } from '../problem-details/problem-document.js';

/** Says which problems an operation may answer: those of one status share its response and stand as its examples. */
export function ApiProblems(...codes: ProblemCode[]): MethodDecorator & ClassDecorator {
  const statuses = [...new Set(codes.map((code) => PROBLEM_STATUS[code]))].sort();
  return applyDecorators(
    ...statuses.map((status) => {
      const ofStatus = codes.filter((code) => PROBLEM_STATUS[code] === status);
      return ApiResponse({
        status,
        description: ofStatus.map((code) => TITLES[code]).join('; or: '),
        content: {
          'application/problem+json': {
            schema: { $ref: '#/components/schemas/Problem' },
            examples: Object.fromEntries(
              ofStatus.map((code) => [code, { summary: TITLES[code], value: example(code) }]),
            ),
          },
        },
      });
    }),
  );
}

function example(code: ProblemCode): object {
  const refusal = transportRefusal(code, `${TITLES[code].toLowerCase()}: what exactly, in words`);
  return problemDocument(refusal, { path: '/jobs', id: '5f2c9a1d0b3e-1' });
}
