import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { PROJECT_ROOT } from './project-root.js';

export const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;
type Method = (typeof METHODS)[number];

export type Schema = Readonly<Record<string, unknown>>;

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header' | 'cookie';
  readonly required?: boolean;
  readonly schema: Schema;
  readonly example?: unknown;
}

interface Example {
  readonly value: unknown;
}

interface MediaType {
  readonly schema?: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, Example>>;
}

interface Described {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly required?: boolean; readonly schema?: Schema }>>;
  readonly content?: Readonly<Record<string, MediaType>>;
}

export interface Operation {
  readonly method: Method;
  /** As in the document: `/jobs/{id}`. */
  readonly path: string;
  readonly id: string;
  readonly role: string;
  readonly parameters: readonly Parameter[];
  readonly body: { readonly required?: boolean; readonly content: Readonly<Record<string, MediaType>> } | null;
  readonly responses: Readonly<Record<string, Described>>;
}

export interface ContractAnswer {
  readonly method: string;
  /** With the query, as it was sent. */
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | number | undefined>>;
  readonly text: string;
}

interface RawOperation {
  readonly operationId: string;
  readonly 'x-required-role': string;
  readonly parameters?: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: Operation['body'];
  readonly responses: Readonly<Record<string, Described | { readonly $ref: string }>>;
}

export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Partial<Record<Method, RawOperation>>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const DOCUMENT_URI = 'urn:carillon:openapi';
const PROBLEM_TYPE = 'application/problem+json';
/** Served beside the API, for people and generators. */
const UNDESCRIBED = /^\/(docs|openapi\.json)(\/|$)/;
/** What OpenAPI 3.1 puts into schemas beside JSON Schema's own words. */
const OPENAPI_WORDS = ['example', 'discriminator', 'externalDocs', 'xml'];

/** An answer held against the OpenAPI document: its status, its type, its headers, its body. */
export class Contract {
  readonly operations: readonly Operation[];
  private readonly ajv: Ajv2020;
  private readonly routes: readonly { readonly pattern: RegExp; readonly operation: Operation }[];

  constructor(readonly document: ApiDocument) {
    this.operations = operationsOf(document);
    this.ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, allErrors: false });
    addFormats.default(this.ajv);
    // The document as a whole is no schema; Ajv resolves references through it all the same.
    this.ajv.addVocabulary([...OPENAPI_WORDS, ...Object.keys(document)]);
    this.ajv.addSchema(document, DOCUMENT_URI, false, false);
    this.routes = this.operations
      .map((operation) => ({ pattern: patternOf(operation.path), operation }))
      // A name in the path goes before a parameter in its place.
      .sort((one, other) => parametersIn(one.operation.path) - parametersIn(other.operation.path));
  }

  /** The operation that a request is for; null when there is none. */
  operationOf(method: string, url: string): Operation | null {
    const path = url.split(/[?#]/, 1)[0] ?? '';
    const name = method.toLowerCase() === 'head' ? 'get' : method.toLowerCase();
    return (
      this.routes.find(({ pattern, operation }) => operation.method === name && pattern.test(path))?.operation ?? null
    );
  }

  /** A schema, or what it refers to. */
  resolve(schema: Schema): Schema {
    const reference = schema['$ref'];
    return typeof reference === 'string' ? this.resolve(valueAt(this.document, reference) as Schema) : schema;
  }

  /** What is wrong with a value for a schema of the document, which a pointer names; null when nothing is. */
  faultOf(pointer: string, value: unknown): string | null {
    const validate: ValidateFunction | undefined = this.ajv.getSchema(`${DOCUMENT_URI}#${pointer}`);
    if (validate === undefined) return `the document has no schema at ${pointer}`;
    if (validate(value)) return null;
    return this.ajv.errorsText(validate.errors, { dataVar: 'body', separator: '; ' });
  }

  /** Everything in which an answer leaves the contract; nothing for one that keeps it. */
  check(answer: ContractAnswer): string[] {
    if (UNDESCRIBED.test(answer.url)) return [];
    const operation = this.operationOf(answer.method, answer.url);
    const faults = operation === null ? this.checkUnrouted(answer) : this.checkDescribed(operation, answer);
    return faults.map((fault) => `${answer.method.toUpperCase()} ${answer.url} answered ${answer.status}: ${fault}`);
  }

  /** Throws with everything in which an answer leaves the contract. */
  verify(answer: ContractAnswer): void {
    const faults = this.check(answer);
    if (faults.length === 0) return;
    throw new Error(`outside the contract:\n${faults.join('\n')}\n${answer.text.slice(0, 2_000)}`);
  }

  private checkUnrouted({ status, headers, text, method }: ContractAnswer): string[] {
    if (status < 400 || status >= 500) return ['no operation of the document is like this, so it must be refused'];
    return method.toUpperCase() === 'HEAD'
      ? []
      : this.checkBody(PROBLEM_TYPE, '/components/schemas/Problem', headers, text);
  }

  private checkDescribed(operation: Operation, answer: ContractAnswer): string[] {
    const described = operation.responses[String(answer.status)];
    if (described === undefined) return [`${operation.id} has no such status`];
    const missing = Object.entries(described.headers ?? {})
      .filter(([name, { required }]) => required === true && answer.headers[name.toLowerCase()] === undefined)
      .map(([name]) => `the header ${name} is missing`);
    if (answer.method.toUpperCase() === 'HEAD') return missing;
    const types = Object.entries(described.content ?? {});
    if (types.length === 0)
      return answer.text === '' ? missing : [...missing, 'has a body, which the document has not'];
    const given = mediaTypeOf(answer.headers);
    const media = types.find(([type]) => type === given);
    if (media === undefined) return [...missing, `is ${given}, not ${types.map(([type]) => type).join(' or ')}`];
    if (!/json$/.test(given)) return missing;
    const place = [
      'paths',
      operation.path,
      operation.method,
      'responses',
      String(answer.status),
      'content',
      given,
      'schema',
    ];
    return [...missing, ...this.checkBody(given, pointerOf(place), answer.headers, answer.text)];
  }

  private checkBody(type: string, pointer: string, headers: ContractAnswer['headers'], text: string): string[] {
    if (mediaTypeOf(headers) !== type) return [`is ${mediaTypeOf(headers)}, not ${type}`];
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      return ['is not JSON'];
    }
    const fault = this.faultOf(pointer, body);
    return fault === null ? [] : [fault];
  }
}

/** The contract as it is written down. A test of test/architecture keeps it in step with the code. */
export function readContract(): Contract {
  return new Contract(JSON.parse(readFileSync(join(PROJECT_ROOT, 'docs/openapi.json'), 'utf8')) as ApiDocument);
}

function operationsOf(document: ApiDocument): Operation[] {
  const resolve = <Value>(value: Value | { readonly $ref: string }): Value =>
    typeof value === 'object' && value !== null && '$ref' in value ? (valueAt(document, value.$ref) as Value) : value;
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const raw = item[method];
      if (raw === undefined) return [];
      const responses = Object.entries(raw.responses).map(([status, response]) => [status, resolve(response)] as const);
      return {
        ...{ method, path, id: raw.operationId, role: raw['x-required-role'] },
        parameters: (raw.parameters ?? []).map((parameter) => resolve<Parameter>(parameter)),
        body: raw.requestBody ?? null,
        responses: Object.fromEntries(responses),
      };
    }),
  );
}

function valueAt(document: unknown, ref: string): unknown {
  return ref
    .slice(2)
    .split('/')
    .reduce(
      (value, name) => (value as Record<string, unknown>)[name.replaceAll('~1', '/').replaceAll('~0', '~')],
      document,
    );
}

function pointerOf(path: readonly string[]): string {
  // In a URI, so that what a fragment can't hold is percent-encoded.
  return path.map((name) => `/${encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('');
}

function patternOf(path: string): RegExp {
  const segments = path
    .split('/')
    .map((segment) => (segment.startsWith('{') ? '[^/]+' : segment.replaceAll('.', '\\.')));
  return new RegExp(`^${segments.join('/')}$`);
}

function parametersIn(path: string): number {
  return path.split('{').length;
}

function mediaTypeOf(headers: ContractAnswer['headers']): string {
  const type = headers['content-type'];
  return typeof type === 'string' ? (type.split(';', 1)[0] ?? '').trim() : 'without a type';
}
