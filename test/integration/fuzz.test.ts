import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { pino } from 'pino';
import { HttpTarget } from '../../src/execution/targets/http-target.js';
import { Clock } from '../../src/platform/clock.js';
import { Lifecycle } from '../../src/platform/health/lifecycle.js';
import { readContract, type ContractAnswer } from '../support/contract.js';
import { PLANTED, requests, type Blueprint, type Caller, type Segment } from '../support/fuzzing/requests.js';
import { GuardedApi, ROOT } from './access-fixture.js';

// The short form; `npm run fuzz -- --requests 20000 --seed 1` is the long one, and says a failure's seed again.
const COUNT = Number(process.env['FUZZ_REQUESTS'] ?? 2_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000_000);
/** What takes longer has been led astray by its input. */
const PATIENCE_MS = 5_000;
const MAX_FAILURES = 5;
/** Of each kind the latest things are remembered. */
const MAX_KNOWN = 100;
const INSIDE = /\\n\s+at \S|node_modules|\.[jt]s:\d+|SELECT .* FROM |violates .* constraint/;

/** It stands still, so that the same requests get the same answers. */
const NOW = Date.parse('2026-03-02T08:00:00.000Z');

const NOT_CALLED = { kind: 'unreachable', code: 'connection_refused', message: 'nobody is called here' } as const;

jest.setTimeout(60_000 + COUNT * 50);

const contract = readContract();

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

interface Told {
  readonly id?: unknown;
  readonly name?: unknown;
  readonly nextRunAt?: unknown;
}

let api: GuardedApi;
let port: number;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const logged: string[] = [];
const keys: Record<Caller, string | null> = {
  ...{ root: ROOT, nobody: null, stranger: PLANTED },
  ...{ admin: null, editor: null, viewer: null },
};
/** Keys that the test itself calls with: nothing may revoke or rotate them. */
const ours = new Set<string>();
const known = new Map<string, string[]>();

beforeAll(async () => {
  api = await GuardedApi.start({}, pino({ level: 'error' }, { write: (line) => void logged.push(line) }));
  jest.spyOn(api.app.get(Clock), 'now').mockReturnValue(NOW);
  // Whatever address comes up: nobody out there is called.
  jest.spyOn(HttpTarget.prototype, 'ask').mockResolvedValue(NOT_CALLED);
  await api.app.listen(0, '127.0.0.1');
  api.app.get(Lifecycle).phase = 'started';
  port = (api.app.getHttpServer().address() as AddressInfo).port;
  const project = await api.project('fuzzed');
  for (const role of ['admin', 'editor', 'viewer'] as const) {
    const { id, key } = await api.key('fuzzed', role);
    keys[role] = key;
    ours.add(id);
  }
  known.set('projects', [project]);
}, 60_000);

afterAll(async () => {
  agent.destroy();
  await api?.stop();
});

test(`${COUNT} requests by seed ${SEED}: nothing fails, all is in the contract, no secret comes back`, async () => {
  const failures: string[] = [];
  const statuses = new Map<string, number>();
  const reached = new Set<string>();
  let secretsTaken = 0;
  for (const [index, blueprint] of fc.sample(requests(contract), { numRuns: COUNT, seed: SEED }).entries()) {
    const sent = requestOf(blueprint);
    logged.length = 0;
    const answer = await send(sent);
    const faults = answer instanceof Error ? [`no answer: ${String(answer)}`] : faultsOf(sent, answer);
    if (faults.length > 0) failures.push(report(index, sent, answer, faults));
    if (failures.length >= MAX_FAILURES) break;
    if (answer instanceof Error) continue;
    const kind = `${Math.floor(answer.status / 100)}xx`;
    statuses.set(kind, (statuses.get(kind) ?? 0) + 1);
    if (answer.status < 300) reached.add(blueprint.operation.id);
    if (answer.status < 300 && sent.body?.includes(PLANTED) === true) secretsTaken += 1;
    remember(blueprint, answer);
  }
  console.log(
    `fuzz: seed ${SEED}, ${COUNT} requests, ${[...statuses].map(([kind, n]) => `${n} × ${kind}`).join(', ')}, ${secretsTaken} secrets`,
  );
  if (failures.length > 0) throw new Error(failures.join('\n\n'));
  // A fuzzer that is always refused tries nothing.
  const total = [...statuses.values()].reduce((sum, count) => sum + count, 0);
  expect((statuses.get('2xx') ?? 0) / total).toBeGreaterThan(0.2);
  // Nor does one whose secrets are never kept.
  expect(secretsTaken).toBeGreaterThan(COUNT / 1_000);
  if (COUNT >= 10_000) expect(contract.operations.map(({ id }) => id).filter((id) => !reached.has(id))).toEqual([]);
});

function requestOf({ operation, caller, path, query, headers, body }: Blueprint): Sent {
  const ids: string[] = [];
  const filled = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const text = segmentText(path[name], ids);
    ids.push(text);
    return encoded(text);
  });
  const search = query.map((pair) => pair.map(encoded).join('=')).join('&');
  const key = keys[caller];
  return {
    method: operation.method.toUpperCase(),
    path: search === '' ? filled : `${filled}?${search}`,
    headers: { ...(key !== null && { authorization: `Bearer ${key}` }), ...headers },
    body,
  };
}

/** An occurrence is one of the job whose id stands before it in the path. */
function segmentText(segment: Segment | undefined, before: readonly string[]): string {
  if (segment === undefined) return '';
  if ('text' in segment) return segment.text;
  const found = known.get([segment.kind, ...before].join(' ')) ?? known.get(segment.kind) ?? [];
  return found[segment.nth % Math.max(found.length, 1)] ?? randomUUID();
}

/** Half a surrogate pair has no encoding; anything else there is. */
function encoded(text: string): string {
  return encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, '\ufffd'));
}

/** By Node's own client: it sends whatever HTTP can carry. */
function send({ method, path, headers, body }: Sent): Promise<ContractAnswer | Error> {
  return new Promise((resolve) => {
    const bytes = body === null ? null : Buffer.from(body);
    const length = bytes === null ? {} : { 'content-length': String(bytes.length) };
    const options = { method, path, port, agent, headers: { ...headers, ...length }, timeout: PATIENCE_MS };
    const sending = request({ host: '127.0.0.1', ...options }, (response) => {
      const { statusCode: status = 0, headers: answered } = response;
      const chunks: Buffer[] = [];
      const goesOn = String(answered['content-type']).startsWith('text/event-stream');
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (goesOn) sending.destroy();
      });
      const answer = (): ContractAnswer => {
        return { method, url: path, status, headers: answered, text: Buffer.concat(chunks).toString() };
      };
      response.on('error', (error) => resolve(goesOn ? answer() : error));
      response.on('end', () => resolve(answer()));
      response.on('close', () => resolve(answer()));
    });
    sending.on('timeout', () => sending.destroy(new Error(`nothing came for ${PATIENCE_MS} ms`)));
    sending.on('error', resolve);
    sending.end(bytes ?? undefined);
  });
}

function faultsOf(sent: Sent, answer: ContractAnswer): string[] {
  const whole = `${JSON.stringify(answer.headers)}\n${answer.text}`;
  const secrets = [PLANTED, ...Object.values(keys).filter((key) => key !== null)];
  return [
    ...(answer.status >= 500 ? ['the service failed'] : []),
    ...contract.check({ ...answer, url: sent.path }),
    ...(secrets.some((secret) => whole.includes(secret)) ? ['a secret comes back'] : []),
    ...(INSIDE.test(answer.text) ? ['it tells of the inside'] : []),
  ];
}

/** What the service has told of is what later requests are about. */
function remember({ operation }: Blueprint, { status, text }: ContractAnswer): void {
  if (status >= 300 || !text.startsWith('{')) return;
  const whole = JSON.parse(text) as Told & { data?: unknown };
  const kind = /runs$|trigger$|replay$|cancel$/.test(operation.path) ? 'runs' : (operation.path.split('/')[1] ?? '');
  for (const { id, name, nextRunAt } of [whole, ...(Array.isArray(whole.data) ? (whole.data as Told[]) : [])]) {
    if (typeof id === 'string' && !ours.has(id)) add(kind, id);
    if (kind === 'jobs' && typeof name === 'string') add('name', name);
    if (typeof id === 'string' && typeof nextRunAt === 'string') add(`scheduledFor ${id}`, nextRunAt);
  }
}

function add(kind: string, value: string): void {
  const values = (known.get(kind) ?? []).filter((one) => one !== value);
  known.set(kind, [...values, value].slice(-MAX_KNOWN));
}

function report(index: number, sent: Sent, answer: ContractAnswer | Error, faults: readonly string[]): string {
  const shown = answer instanceof Error ? '' : `${answer.status} ${answer.text.slice(0, 1_500)}`;
  return [
    `request ${index} of seed ${SEED}: ${faults.join('; ')}`,
    curl(sent),
    shown,
    ...logged.map((line) => line.slice(0, 2_000)),
    `again: npm run fuzz -- --seed ${SEED} --requests ${COUNT}`,
  ].join('\n');
}

function curl({ method, path, headers, body }: Sent): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  const parts = Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  const data =
    body === null ? [] : [`--data-binary ${quoted(body.length > 3_000 ? `${body.slice(0, 3_000)}…` : body)}`];
  return ['curl -i -g', `-X ${method}`, quoted(`$URL${path}`), ...parts, ...data].join(' ');
}
