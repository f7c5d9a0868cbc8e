import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { z } from 'zod';
import type { Fault } from '../../domain/errors.js';

/** So many faults tell a client enough; hostile input must not turn into a large answer. */
export const MAX_FAULTS = 20;

const MAX_NAME = 100;

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** RFC 6901, with names cut to a sane length and without control characters. */
export function pointerOf(path: Path): string {
  return path.map((name) => `/${cleanName(String(name)).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function cleanName(name: string): string {
  // eslint keeps control characters out of patterns; \p{C} is them, half surrogates and what else has no shape.
  return name
    .slice(0, MAX_NAME)
    .replace(/\p{C}/gu, (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}

/** Zod's issues with `root` as faults; at most twenty. */
export function faultsOfIssues(issues: readonly StandardSchemaV1.Issue[], root: unknown): Fault[] {
  // Our schemas are zod's: what comes through the standard interface are zod's own issues.
  return listFaults(issues as unknown as readonly Issue[], root, []);
}

function listFaults(issues: readonly Issue[], root: unknown, outer: Path): Fault[] {
  const faults: Fault[] = [];
  for (const issue of issues) {
    if (faults.length >= MAX_FAULTS) break;
    faults.push(...faultsOfIssue(issue, root, [...outer, ...issue.path]));
  }
  return faults.slice(0, MAX_FAULTS);
}

/** Both lists, the first one's word where both speak of one member. */
export function mergeFaults(first: readonly Fault[], second: readonly Fault[]): Fault[] {
  const known = new Set(first.map((fault) => fault.pointer));
  return [...first, ...second.filter((fault) => !known.has(fault.pointer))].slice(0, MAX_FAULTS);
}

function faultsOfIssue(issue: Issue, root: unknown, path: Path): Fault[] {
  const fault = (code: string, detail = issue.message): Fault => ({ pointer: pointerOf(path), code, detail });
  const missing = fault('required', 'is required');
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys
        .slice(0, MAX_FAULTS)
        .map((name) => ({ pointer: pointerOf([...path, name]), code: 'unknown_member', detail: 'is not known here' }));
    case 'invalid_union': {
      if (issue.discriminator !== undefined) return [faultOfDiscriminator(issue, root, path)];
      if ('options' in issue && issue.options !== undefined && valueAt(root, path) !== undefined) {
        return [fault('invalid_value', `is not one of ${issue.options.map(String).join(', ')}`)];
      }
      const kinds = issue.errors.flatMap(([first]) =>
        first?.code === 'invalid_type' ? [withArticle(first.expected)] : [],
      );
      const ofNoKind = fault('invalid_type', `is not ${kinds.join(' or ')}`);
      return faultsOfUnion(issue, root, path) ?? [valueAt(root, path) === undefined ? missing : ofNoKind];
    }
    case 'invalid_key':
      return issue.issues.map((inner) => ({ ...fault(codeOf(inner)), detail: `has a name that ${inner.message}` }));
    case 'invalid_element':
      return listFaults(issue.issues, root, path);
    case 'invalid_type':
      return valueAt(root, path) === undefined
        ? [missing]
        : [fault('invalid_type', `is not ${withArticle(issue.expected)}`)];
    case 'too_big':
    case 'too_small':
      return [fault(codeOf(issue), sizeDetail(issue))];
    case 'invalid_value':
      return [fault(codeOf(issue), `is not one of ${issue.values.map(String).join(', ')}`)];
    case 'custom':
      return [{ ...fault(codeOf(issue)), ...wordsFaultOf(issue.params) }];
    default:
      return [fault(codeOf(issue))];
  }
}

/** What the domain says of a refused phrase besides; our own schemas put it there. */
function wordsFaultOf(params: Readonly<Record<string, unknown>> | undefined): Pick<Fault, 'words' | 'suggestions'> {
  const { words, suggestions } = (params ?? {}) as Pick<Fault, 'words' | 'suggestions'>;
  return { ...(words !== undefined && { words }), ...(suggestions !== undefined && { suggestions }) };
}

const TOO_BIG: Readonly<Record<string, string>> = { string: 'too_long', number: 'out_of_range', int: 'out_of_range' };
const TOO_SMALL: Readonly<Record<string, string>> = {
  string: 'too_short',
  number: 'out_of_range',
  int: 'out_of_range',
};

function codeOf(issue: Issue): string {
  if (issue.code === 'too_big') return TOO_BIG[issue.origin] ?? 'too_many';
  if (issue.code === 'too_small') return TOO_SMALL[issue.origin] ?? 'too_few';
  if (issue.code === 'invalid_format') return 'invalid_format';
  const code: unknown = issue.code === 'custom' ? issue.params?.['code'] : undefined;
  return typeof code === 'string' ? code : 'invalid_value';
}

/** The member that decides among kinds of an object names none of them. */
function faultOfDiscriminator(issue: Extract<Issue, { code: 'invalid_union' }>, root: unknown, path: Path): Fault {
  const pointer = pointerOf(path);
  if (valueAt(root, path) === undefined) return { pointer, code: 'required', detail: 'is required' };
  const options = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
  return { pointer, code: 'invalid_value', detail: `is not one of ${options.join(', ')}` };
}

/** A union of kinds (text or object): only the branch of the given kind has something to say. */
function faultsOfUnion(issue: Extract<Issue, { code: 'invalid_union' }>, root: unknown, path: Path): Fault[] | null {
  const ofKind = issue.errors.find(
    ([first]) => first !== undefined && !(first.code === 'invalid_type' && first.path.length === 0),
  );
  return ofKind === undefined ? null : listFaults(ofKind, root, path);
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<PropertyKey, unknown>>)[name];
  }
  return value;
}

function sizeDetail(issue: Extract<Issue, { code: 'too_big' | 'too_small' }>): string {
  const [bound, limit] = issue.code === 'too_big' ? ['most', issue.maximum] : ['least', issue.minimum];
  if (issue.origin === 'number' || issue.origin === 'int') return `is not at ${bound} ${limit}`;
  const unit = issue.origin === 'string' ? 'character' : 'member';
  return `must have at ${bound} ${limit} ${unit}${Number(limit) === 1 ? '' : 's'}`;
}

function withArticle(kind: string): string {
  if (kind === 'string') return 'text';
  if (kind === 'int') return 'a whole number';
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind === 'array' ? 'list' : kind === 'record' ? 'object' : kind}`;
}
