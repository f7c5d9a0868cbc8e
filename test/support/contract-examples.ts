import type { Contract, Operation, Parameter, Schema } from './contract.js';

/** A request that the document shows, as far as it shows it: ids of the path are the test's to fill in. */
export interface ExampleRequest {
  /** What it shows, for the test's name. */
  readonly title: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: string | null;
  readonly body: unknown;
}

interface Shown {
  readonly title: string;
  readonly value: unknown;
}

const PLAIN: ExampleRequest = { title: 'as it is', query: {}, headers: {}, contentType: null, body: undefined };

/**
 * Every example of an operation's parameters and bodies, each in a request of its own. What stands at a member of a body is
 * put into the body's own example, in the place of what is there.
 */
export function exampleRequests(operation: Operation, contract: Contract): ExampleRequest[] {
  const bodies = bodiesOf(operation, contract);
  const first = bodies[0] ?? PLAIN;
  const needsNoBody = operation.body === null || operation.body.required !== true;
  const withParameters = operation.parameters.flatMap((parameter) =>
    parametersOf(parameter).map((shown): ExampleRequest => {
      const place = parameter.in === 'query' ? 'query' : 'headers';
      return { ...first, title: `${parameter.name}: ${shown}`, [place]: { [parameter.name]: shown } };
    }),
  );
  return [...(needsNoBody ? [PLAIN] : []), ...bodies, ...withParameters];
}

function bodiesOf(operation: Operation, contract: Contract): ExampleRequest[] {
  return Object.entries(operation.body?.content ?? {}).flatMap(([contentType, media]) => {
    const named = Object.entries(media.examples ?? {}).map(([title, { value }]) => ({ title, value }));
    const own = media.example === undefined ? [] : [{ title: 'example', value: media.example }];
    const shown = [...named, ...own, ...examplesOf(media.schema ?? {}, contract)];
    return shown.map(({ title, value }) => ({ ...PLAIN, title: `${contentType} ${title}`, contentType, body: value }));
  });
}

function parametersOf(parameter: Parameter): string[] {
  if (parameter.in !== 'query' && parameter.in !== 'header') return [];
  const values = [parameter.example, parameter.schema['example']].filter((value) => value !== undefined);
  // `Carillon-Project: billing` is there only once somebody made it.
  if (parameter.name === 'Carillon-Project') return [];
  return values.map((value) => String(Array.isArray(value) ? value[0] : value));
}

/** The examples of a schema, and of what is in it. */
function examplesOf(given: Schema, contract: Contract, depth = 0): Shown[] {
  if (depth > 6) return [];
  const schema = contract.resolve(given);
  const own = schema['example'];
  const shown: Shown[] = own === undefined ? [] : [{ title: JSON.stringify(own).slice(0, 60), value: own }];
  for (const variant of (schema['anyOf'] ?? schema['oneOf'] ?? []) as Schema[]) {
    shown.push(...examplesOf(variant, contract, depth + 1));
  }
  if (typeof own !== 'object' || own === null || Array.isArray(own)) return shown;
  const alternatives = ((schema['oneOf'] ?? []) as Schema[]).flatMap(({ required }) => (required ?? []) as string[]);
  for (const [name, member] of Object.entries((schema['properties'] ?? {}) as Record<string, Schema>)) {
    // Another stands in its place.
    if (alternatives.includes(name) && !Object.hasOwn(own, name)) continue;
    for (const { title, value } of examplesOf(member, contract, depth + 1)) {
      shown.push({ title: `${name}: ${title}`, value: { ...own, [name]: value } });
    }
  }
  return shown;
}
