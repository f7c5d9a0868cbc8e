import { Injectable } from '@nestjs/common';
import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import type { Fault } from '../../domain/errors.js';
import { Problem } from '../../domain/errors.js';
import { faultsOfIssues, mergeFaults } from './faults.js';
import { scanJson } from './json-scan.js';

/**
 * Checks what a handler's `@Body({ schema })`, `@Query({ schema })` or `@Param({ schema })` names, and hands over what the
 * schema made of it. All faults at once: a body's as 422, a parameter's as 400.
 *
 * Nest's own StandardSchemaValidationPipe would take `constructor` and `__proto__` out of a body before it is checked;
 * here they are members like any other, and refused.
 */
@Injectable()
export class RequestValidationPipe implements PipeTransform {
  async transform(value: unknown, { schema, type, data }: ArgumentMetadata): Promise<unknown> {
    if (schema === undefined) return value;
    const refuse = type === 'body' ? refuseBody : refuseParameters;
    const scan = scanJson(value);
    if (scan.tooMuch) throw refuse(scan.faults);
    const result = await schema['~standard'].validate(value);
    const faults = mergeFaults(scan.faults, result.issues === undefined ? [] : faultsOfIssues(result.issues, value));
    if (result.issues !== undefined || faults.length > 0) throw refuse(below(data, faults));
    return result.value;
  }
}

/** Faults of one parameter that a handler takes by its name point to that name. */
function below(name: string | undefined, faults: readonly Fault[]): readonly Fault[] {
  if (name === undefined) return faults;
  return faults.map((fault) => ({ ...fault, pointer: `/${name}${fault.pointer}` }));
}

export function refuseBody(faults: readonly Fault[]): Problem {
  return new Problem('invalid', summary('the content', faults), faults);
}

export function refuseParameters(faults: readonly Fault[]): Problem {
  const named = faults.map((fault) =>
    fault.code === 'unknown_member' ? { ...fault, code: 'unknown_parameter' } : fault,
  );
  return new Problem('invalid_parameter', summary('the request', named), named);
}

function summary(what: string, faults: readonly Fault[]): string {
  const [first] = faults;
  if (first === undefined) return `${what} is not valid`;
  const more = faults.length > 1 ? `, and ${faults.length - 1} more` : '';
  return `${what} is not valid: ${first.pointer === '' ? 'it' : first.pointer} ${first.detail}${more}`;
}
