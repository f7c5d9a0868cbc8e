// `npm run client`: writes docs/openapi.json anew and from it the types of clients/typescript. With `--check` it only tells
// whether clients/typescript is in step with docs/openapi.json.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import openapiTS, { astToString } from 'openapi-typescript';

const METHODS = ['get', 'put', 'post', 'delete', 'patch'];
/** What openapi-typescript makes; paths say the same once more. */
const KEPT = ['components', 'operations'];
const root = join(import.meta.dirname, '..');
const output = join(root, 'clients/typescript/src/generated.ts');

const document = JSON.parse(readFileSync(join(root, 'docs/openapi.json'), 'utf8'));
const text = await generate(document);
if (!process.argv.includes('--check')) writeFileSync(output, text);
else if (readOr(output, '') !== text) {
  console.error('clients/typescript is not what docs/openapi.json says: run `npm run client`');
  process.exit(1);
}

async function generate(document) {
  const nodes = await openapiTS(lean(document), {
    ...{ alphabetize: true, defaultNonNullable: false, emptyObjectsUnknown: true },
  });
  const types = astToString(nodes.filter(({ name }) => KEPT.includes(name?.text)));
  const operations = operationsOf(document).map(
    ({ operationId, method, path, contentType }) =>
      `  ${operationId}: { method: '${method.toUpperCase()}', path: '${path}', contentType: ${quoted(contentType)} },`,
  );
  const codes = [...problemCodes(document)].sort().map((code) => `  | '${code}'`);
  return [
    '// Made by `npm run client` from docs/openapi.json; do not edit.\n',
    types,
    '/** Where each operation is, and what it takes. */',
    `export const OPERATIONS = {\n${operations.join('\n')}\n} as const;\n`,
    '/** The kinds of refusal that the service knows. */',
    `export type ProblemCode =\n${codes.join('\n')};\n`,
  ].join('\n');
}

/** Refusals are thrown, all of one type, and headers are the wrapper's: neither need be said with each operation. */
function lean(document) {
  const copy = structuredClone(document);
  delete copy.components.parameters;
  for (const [path, { get }] of Object.entries(copy.paths)) {
    if (get !== undefined && isStream(get)) delete copy.paths[path];
  }
  for (const operation of operationsOf(copy)) {
    operation.parameters = operation.parameters?.filter(
      (parameter) => parameterOf(parameter, document).in !== 'header',
    );
    const successes = Object.entries(operation.responses).filter(([status]) => /^[23]/.test(status));
    operation.responses = Object.fromEntries(successes);
  }
  return copy;
}

function operationsOf(document) {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method] && !isStream(item[method])).map((method) => {
      const contentType = preferred(Object.keys(item[method].requestBody?.content ?? {}));
      return Object.assign(item[method], { method, path, contentType });
    }),
  );
  return operations.sort((one, other) => (one.operationId < other.operationId ? -1 : 1));
}

/** An answer that goes on is none to wait for: it is read as it comes. */
function isStream(operation) {
  return 'text/event-stream' in (operation.responses['200']?.content ?? {});
}

function parameterOf(parameter, document) {
  const name = parameter.$ref?.split('/').at(-1);
  return name === undefined ? parameter : document.components.parameters[name];
}

/** The first JSON there is: for a merge patch that is its own type. */
function preferred(types) {
  return types.find((type) => /json$/.test(type)) ?? types[0] ?? null;
}

/** Named by the examples of the refusals. */
function problemCodes(document) {
  const codes = new Set();
  const collect = (value) => {
    if (typeof value !== 'object' || value === null) return;
    for (const code of Object.keys(value['application/problem+json']?.examples ?? {})) codes.add(code);
    for (const member of Object.values(value)) collect(member);
  };
  collect(document);
  return codes;
}

function quoted(text) {
  return text === null ? 'null' : `'${text}'`;
}

function readOr(file, otherwise) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
}
