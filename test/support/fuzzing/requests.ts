import fc from 'fast-check';
import type { Contract, Operation, Parameter } from '../contract.js';
import { SchemaValues } from './schema-values.js';
import { ODD_TEXTS, oddValue, spoil, spoiling } from './spoiling.js';

/** What no answer may hold, planted wherever a client puts a secret. */
export const PLANTED = 'planted-s3cret-4711';

const SECRET = { value: PLANTED, secret: true };

export type Caller = 'root' | 'admin' | 'editor' | 'viewer' | 'nobody' | 'stranger';

/** A text, or the nth of the things of this kind that the service has told of. */
export type Segment = { readonly text: string } | { readonly kind: string; readonly nth: number };

/** A request as far as it can be drawn before anything was sent. */
export interface Blueprint {
  readonly operation: Operation;
  readonly caller: Caller;
  readonly path: Readonly<Record<string, Segment>>;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  /** Null for none; the text is sent as it is. */
  readonly body: string | null;
}

const CALLERS = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Caller>('root') },
  { weight: 3, arbitrary: fc.constantFrom<Caller>('admin', 'editor', 'viewer') },
  { weight: 1, arbitrary: fc.constantFrom<Caller>('nobody', 'stranger') },
);

const CONTENT_TYPES = [
  'application/json; charset=utf-8',
  'application/merge-patch+json',
  'application/json; charset=utf-16',
  'text/plain',
  'application/yaml',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/xml',
  'json',
  '*/*',
  'application/problem+json',
];

/** No JSON, or JSON that is too much of something. */
const RAW_BODIES = [
  '',
  ' ',
  '{',
  '{"a":',
  'null',
  '[]',
  '""',
  '0',
  '1e400',
  '{"a":1e400}',
  'nul',
  "{'a':1}",
  '{"a":1,}',
  '\ufeff{}',
  '{"a":"\\ud800"}',
  '\0',
  '{"__proto__":{"x":1}}',
  '{"constructor":{"prototype":{"x":1}}}',
  '{"name":"a","name":"b"}',
  '['.repeat(2_000),
  '{"a":'.repeat(500) + '1' + '}'.repeat(500),
  `{"name":"${'x'.repeat(300_000)}"}`,
  `[${'{},'.repeat(30_000)}{}]`,
  'x'.repeat(1_100_000),
];

const ODD_HEADERS: readonly Readonly<Record<string, string>>[] = [
  { 'carillon-project': 'default' },
  { 'carillon-project': 'nobody' },
  { 'carillon-project': '' },
  { 'carillon-project': 'x'.repeat(300) },
  { 'x-request-id': 'mine-1' },
  { 'x-request-id': '<script>' },
  { accept: 'text/html' },
  { accept: 'image/png;q=0' },
  { 'content-encoding': 'gzip' },
  { 'if-match': '"1"' },
  { 'if-match': '*' },
  { 'if-none-match': '"x", W/"1"' },
  { 'if-match': 'not a tag' },
  { expect: '100-continue' },
  { 'idempotency-key': 'one' },
  { 'idempotency-key': 'x'.repeat(300) },
  { 'x-http-method-override': 'DELETE' },
  { 'x-forwarded-for': '10.0.0.1' },
  { cookie: `session=${PLANTED}` },
  { 'x-api-key': PLANTED },
  { 'proxy-authorization': `Basic ${PLANTED}` },
  { range: 'bytes=0-1' },
  { host: 'evil.test' },
];

/** Requests for all operations of the document: half as the document has them, most others nearly so, some wild. */
export function requests(contract: Contract): fc.Arbitrary<Blueprint> {
  const values = new SchemaValues(contract);
  return fc.oneof(...contract.operations.map((operation) => requestOf(operation, values)));
}

function requestOf(operation: Operation, values: SchemaValues): fc.Arbitrary<Blueprint> {
  const inQuery = operation.parameters.filter(({ in: place }) => place === 'query');
  const inPath = operation.parameters.filter(({ in: place }) => place === 'path');
  return fc
    .record({
      operation: fc.constant(operation),
      caller: CALLERS,
      path: fc.record(
        Object.fromEntries(inPath.map((parameter) => [parameter.name, segmentOf(operation, parameter, values)])),
      ),
      query: queryOf(inQuery, values),
      headers: fc.oneof(
        { weight: 5, arbitrary: fc.constant({}) },
        { weight: 1, arbitrary: fc.constantFrom(...ODD_HEADERS) },
      ),
      content: contentOf(operation, values),
    })
    .map(({ content, headers, ...rest }) => ({
      ...rest,
      body: content.body,
      headers: { ...content.headers, ...headers },
    }));
}

function segmentOf({ path }: Operation, { name, schema }: Parameter, values: SchemaValues): fc.Arbitrary<Segment> {
  const kind = name === 'id' ? (path.split('/')[1] ?? '') : name;
  return fc.oneof(
    { weight: 8, arbitrary: fc.nat(200).map((nth) => ({ kind, nth })) },
    { weight: 1, arbitrary: values.valueOf(schema, name).map((value) => ({ text: String(value) })) },
    { weight: 1, arbitrary: fc.constantFrom(...ODD_TEXTS).map((text) => ({ text })) },
  );
}

function queryOf(parameters: readonly Parameter[], values: SchemaValues): fc.Arbitrary<(readonly [string, string])[]> {
  const given = parameters.map((parameter) => {
    const good = values.valueOf(parameter.schema, parameter.name);
    const value = fc.oneof({ weight: 5, arbitrary: good }, { weight: 1, arbitrary: oddValue });
    const rarely = parameter.required === true ? 20 : 1;
    return fc.oneof(
      { weight: rarely, arbitrary: value.map((one) => pairsOf(parameter.name, one)) },
      { weight: 2, arbitrary: fc.constant<[string, string][]>([]) },
    );
  });
  const stray = fc.constantFrom(...['', 'x', 'limit', '__proto__', 'constructor[prototype]', 'a[]', 'cursor']);
  const odd = fc.tuple(stray, fc.constantFrom(...ODD_TEXTS)).map((pair) => [pair]);
  const none = fc.constant<[string, string][]>([]);
  const all = [...given, fc.oneof({ weight: 12, arbitrary: none }, { weight: 1, arbitrary: odd })];
  return fc.tuple(...all).map((pairs) => pairs.flat());
}

function pairsOf(name: string, value: unknown): [string, string][] {
  const text = (one: unknown): string => (typeof one === 'string' ? one : JSON.stringify(one));
  return Array.isArray(value) ? value.map((one) => [name, text(one)]) : [[name, text(value)]];
}

interface Content {
  readonly body: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

function contentOf({ body, method }: Operation, values: SchemaValues): fc.Arbitrary<Content> {
  const none = fc.constant<Content>({ body: null, headers: {} });
  if (method === 'get') return none;
  const wild = fc
    .tuple(fc.constantFrom('application/json', ...CONTENT_TYPES), fc.oneof(fc.constantFrom(...RAW_BODIES), fc.string()))
    .map(([type, text]) => ({ body: text, headers: { 'content-type': type } }));
  if (body === null) return fc.oneof({ weight: 6, arbitrary: none }, { weight: 1, arbitrary: wild });
  const kinds = Object.entries(body.content).map(([type, { schema = {} }]) => {
    const good = values.valueOf(schema).map(plantSecret);
    const near = fc.tuple(good, fc.array(spoiling, { minLength: 1, maxLength: 2 }));
    const value = fc.oneof(
      { weight: 4, arbitrary: good },
      { weight: 4, arbitrary: near.map(([start, ways]) => ways.reduce(spoil, start)) },
    );
    return value.map((one): Content => ({ body: written(one, type), headers: { 'content-type': type } }));
  });
  const usual = fc.oneof(...kinds);
  return fc.oneof({ weight: 10, arbitrary: usual }, { weight: 1, arbitrary: wild }, { weight: 1, arbitrary: none });
}

/** JSON is YAML too. */
function written(value: unknown, type: string): string {
  return typeof value === 'string' && !/json/.test(type) ? value : (JSON.stringify(value) ?? '');
}

/** Every value that the document calls a secret is the planted one, and every target has one. */
function plantSecret(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plantSecret);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]: [string, unknown]) => [name, plantSecret(member)]);
  const copy = Object.fromEntries(members) as Record<string, unknown>;
  for (const name of ['password', 'clientSecret', 'token', 'privateKey']) {
    if (typeof copy[name] === 'string') copy[name] = PLANTED;
  }
  if (typeof copy['url'] === 'string')
    copy['headers'] = { ...(copy['headers'] as object | undefined), 'x-planted': SECRET };
  return copy['secret'] === true && typeof copy['value'] === 'string' ? { ...copy, value: PLANTED } : copy;
}
