import type { DynamicModule, INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { ROLE_EXTENSION, ruleOfMethod, type AccessRule } from '../access-rules.js';
import { readSettings, type Config } from '../config.js';
import { STATUS, type RefusalCode } from '../problem-details/problem-document.js';
import { COST_EXTENSION, type RequestCost } from '../request-cost.js';
import { VERSION } from '../version.js';
import { problemResponse } from './api-problems.js';
import { SchemaComponents } from './schema-components.js';

const DESCRIPTION = `A scheduler service. Register a **job** (a schedule and a target); at each due time Carillon calls the
target once, on time and in the right time zone, and keeps a **run** in the ledger for every occurrence: what happened,
or why nothing did.

Instants are RFC 3339 in UTC, durations ISO 8601 (\`"30s"\`, \`"15m"\`, \`"2h"\`, \`"1d"\` are taken too), zones IANA names.
Errors are problem details (RFC 9457). Members and parameters that are not described here are refused.`;

/** Problem details, as every error answers them. */
const PROBLEM = {
  type: 'object',
  description: 'Problem details (RFC 9457). Programs go by `code`; `detail` is for people and may change.',
  required: ['type', 'title', 'status', 'detail', 'instance', 'code', 'requestId'],
  properties: {
    type: { type: 'string', description: 'A URN for the kind of problem: one for each `code`.' },
    title: { type: 'string', description: 'The kind of problem in a few words.' },
    status: { type: 'integer', minimum: 400, maximum: 599, description: 'The HTTP status.' },
    detail: { type: 'string', description: 'What is wrong this time.' },
    instance: { type: 'string', description: 'The path of the request.' },
    code: { type: 'string', description: 'Stable, for programs.' },
    requestId: { type: 'string', description: 'As in the header `x-request-id` of the answer, and in the log.' },
    errors: {
      type: 'array',
      description: 'Each thing that is wrong with the content or the parameters.',
      items: {
        type: 'object',
        required: ['pointer', 'code', 'detail'],
        properties: {
          pointer: { type: 'string', description: 'JSON pointer (RFC 6901) to the member.' },
          code: { type: 'string' },
          detail: { type: 'string' },
          words: {
            type: 'object',
            description: 'Of a schedule in words: what is at fault.',
            required: ['position', 'text'],
            properties: {
              position: { type: 'integer', minimum: 1, description: 'Where it starts; 1 is the first character.' },
              text: { type: 'string' },
            },
          },
          suggestions: {
            type: 'array',
            items: { type: 'string' },
            description: 'Of a schedule in words: phrases that are understood.',
          },
        },
      },
    },
  },
};

/** The same document without a running service: Nest reads the decorators and makes nothing, so no database is asked. */
export async function describeModule(moduleFor: (config: Config) => DynamicModule): Promise<OpenAPIObject> {
  const config = { ...readSettings({}), databaseUrl: 'postgres://none', embedded: false };
  const app = await NestFactory.create(moduleFor(config), new FastifyAdapter(), { preview: true, logger: false });
  return describeApi(app);
}

/** The OpenAPI 3.1 document of the routes that an application has. */
export function describeApi(app: INestApplication): OpenAPIObject {
  const components = new SchemaComponents();
  const document = SwaggerModule.createDocument(
    app,
    {
      openapi: '3.1.0',
      info: {
        title: 'Carillon',
        version: VERSION,
        summary: 'A scheduler: jobs in, calls at the due time, a ledger of what happened.',
        description: DESCRIPTION,
        license: { name: 'MIT', identifier: 'MIT' },
        contact: { name: 'Carillon' },
      },
      servers: [{ url: '/', description: 'The service that this document comes from' }],
      security: [{ apiKey: [] }],
      tags: TAGS,
      components: {
        schemas: { Problem: PROBLEM },
        securitySchemes: { apiKey: API_KEY },
        parameters: { CarillonProject: PROJECT_HEADER, IdempotencyKey: IDEMPOTENCY_HEADER },
        headers: { ...HEADERS, IdempotentReplayed: REPLAYED_HEADER },
      },
    } as unknown as Omit<OpenAPIObject, 'paths'>,
    { standardSchemaConverter: components.converter, autoTagControllers: false },
  );
  for (const item of Object.values(document.paths)) addCommonParts(item, components);
  return components.named(document);
}

/** What any operation may answer and needs is said once, here; probes and metrics are not limited and need no key. */
function addCommonParts(item: OpenAPIObject['paths'][string], components: SchemaComponents): void {
  for (const method of METHODS) {
    const operation: (Operation & Extensions) | undefined = item[method];
    if (operation === undefined) continue;
    const rule = (operation[ROLE_EXTENSION] ??= ruleOfMethod(method));
    const common: RefusalCode[] = ['internal', 'uri_too_long', 'headers_too_large'];
    // A body is read, whether the operation has a use for it or not.
    if (method !== 'get') common.push('malformed_json', 'body_too_large', 'unsupported_media_type');
    markOptionalBody(operation, components);
    if (rule === 'public') operation.security = [];
    else {
      common.push('invalid_parameter', 'unauthenticated', 'forbidden', 'rate_limited', 'unavailable');
      operation.parameters = [...(operation.parameters ?? []), { $ref: '#/components/parameters/CarillonProject' }];
    }
    for (const code of common) operation.responses[STATUS[code]] ??= problemResponse([code]);
    if (method === 'post') addIdempotency(operation);
    if (rule !== 'public') sayLimits(operation);
  }
}

/** Nest calls every body required; a schema that takes nothing too says otherwise. */
function markOptionalBody({ requestBody }: Operation, components: SchemaComponents): void {
  if (requestBody === undefined || '$ref' in requestBody) return;
  const schemas = Object.values(requestBody.content).map(({ schema }) => schema);
  if (schemas.some((schema) => schema !== undefined && '$ref' in schema && components.mayBeAbsent(schema.$ref))) {
    requestBody.required = false;
  }
}

/** What a request costs, and the headers that say how much is left: of every answer, and when to come again after a 429. */
function sayLimits(operation: Operation & Extensions): void {
  const cost = operation[COST_EXTENSION];
  if (cost !== undefined) {
    const words =
      'requests' in cost
        ? `Counts as ${cost.requests} requests.`
        : `Counts as one request for each ${cost.each} ${cost.of} begun.`;
    operation.description = [operation.description, words].filter((part) => part !== undefined).join(' ');
  }
  for (const [status, response] of Object.entries(operation.responses)) {
    if (response === undefined || '$ref' in response) continue;
    const isLimit = status === String(STATUS.rate_limited);
    if (!isLimit && !/^2/.test(status)) continue;
    const names = [...Object.keys(LIMIT_HEADERS), ...(isLimit ? ['Retry-After'] : [])];
    const references = names.map((name) => [name, { $ref: `#/components/headers/${name}` }] as const);
    response.headers = { ...response.headers, ...Object.fromEntries(references) };
  }
}

function addIdempotency(operation: Operation): void {
  operation.parameters = [...(operation.parameters ?? []), { $ref: '#/components/parameters/IdempotencyKey' }];
  for (const [status, response] of Object.entries(operation.responses)) {
    if (!status.startsWith('2') || response === undefined || '$ref' in response) continue;
    response.headers = {
      ...response.headers,
      'idempotent-replayed': { $ref: '#/components/headers/IdempotentReplayed' },
    };
  }
  for (const code of ['idempotency_key_in_use', 'idempotency_key_reused'] as const) addProblem(operation, code);
}

/** Beside the operation's own problems of the same status. */
function addProblem(operation: Operation, code: RefusalCode): void {
  const known = Object.keys(STATUS).filter(
    (other) => STATUS[other as RefusalCode] === STATUS[code] && mentions(operation.responses[STATUS[code]], other),
  ) as RefusalCode[];
  operation.responses[STATUS[code]] = problemResponse([...known, code]);
}

function mentions(response: unknown, code: string): boolean {
  return (
    code in
    ((response as { content?: Record<string, { examples?: object }> } | undefined)?.content?.[
      'application/problem+json'
    ]?.examples ?? {})
  );
}

interface Extensions {
  [ROLE_EXTENSION]?: AccessRule;
  [COST_EXTENSION]?: RequestCost | { readonly requests: number };
}

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

const LIMIT_HEADERS = {
  RateLimit: header('What is left of each limit (`r`), and for how many seconds (`t`)', '"key";r=1199;t=60', 'string'),
  'RateLimit-Policy': header('The limits: requests (`q`) in a window of seconds (`w`)', '"key";q=1200;w=60', 'string'),
  'X-RateLimit-Limit': header('Requests in a window, of the limit that is nearest to its end', 1200, 'integer'),
  'X-RateLimit-Remaining': header('How many of them are left', 1199, 'integer'),
  'X-RateLimit-Reset': header('In how many seconds there are more', 60, 'integer'),
} as const;

const HEADERS = { ...LIMIT_HEADERS, 'Retry-After': header('Seconds until the next request is welcome', 3, 'integer') };

function header(description: string, example: string | number, type: string): object {
  return { description, schema: { type }, example };
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;

const API_KEY = {
  type: 'http',
  scheme: 'bearer',
  description:
    'An API key: `viewer` reads, `editor` writes jobs too, `admin` manages keys too, in the project of the key; or the root ' +
    'key. Or a token (JWT) of the OpenID Connect issuer that the service names, with role and project in its claims. ' +
    '`x-required-role` says what an operation needs. A service that is open (`AUTH=open`) asks for none.',
};

const PROJECT_HEADER = {
  name: 'Carillon-Project',
  in: 'header',
  description:
    'Name or id of the project that the root key acts in; default `default`. A key acts in its own, and may name no other.',
  required: false,
  schema: { type: 'string', minLength: 1, maxLength: 63 },
  example: 'billing',
};

const IDEMPOTENCY_HEADER = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Makes it safe to send the request again: for 24 hours the same key (a UUID, say) in the same project gets the answer of the ' +
    'first request that succeeded, and nothing is done twice. Refusals (4xx, 5xx) are not kept.',
  required: false,
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[ -~]+$' },
  example: '7d0f4c52-6f4e-4b0c-9a51-0b7d0d6c1f0e',
};

const REPLAYED_HEADER = {
  description: '`true` on an answer that was given before, to the first request with the `Idempotency-Key`',
  schema: { type: 'string', const: 'true' },
};

const TAGS = [
  { name: 'jobs', description: 'Named schedules, each with a target and its policies' },
  { name: 'runs', description: 'The ledger: one row for each occurrence and each manual trigger' },
  { name: 'schedules', description: 'What a schedule will do' },
  { name: 'calendars', description: 'Named days and times that schedules leave out' },
  { name: 'access', description: 'Projects, and the keys that let into them' },
  { name: 'audit', description: 'Who did what' },
  { name: 'operations', description: 'Health, metrics and the state of the system' },
];
