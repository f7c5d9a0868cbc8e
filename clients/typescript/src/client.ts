import { ConnectionError, ProblemError, type Problem } from './errors.js';
import { OPERATIONS } from './generated.js';
import type { Arguments, OperationId, Output, PagedId, Row } from './operation-types.js';
import { DEFAULT_RETRIES, delay, nextDelayMs, retryAfterMs, type RetryPolicy } from './retries.js';

export interface ClientOptions {
  /** Where the service is: `https://carillon.example.com`. */
  readonly url: string;
  /** An API key; a service that is open (`AUTH=open`) needs none. */
  readonly key?: string;
  /** Name or id of the project that the root key acts in. */
  readonly project?: string;
  readonly retries?: Partial<RetryPolicy>;
  /** For one try; default 30 s. */
  readonly timeoutMs?: number;
  /** In the place of the global `fetch`. */
  readonly fetch?: typeof fetch;
}

export interface CallOptions {
  /** Ends the call, waits between tries included. */
  readonly signal?: AbortSignal;
  /** Of a POST; default: a random one for each call, the same for all its tries. */
  readonly idempotencyKey?: string;
  /** An `ETag` of before: refused with `412` when the thing has changed since. */
  readonly ifMatch?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

type Calls = {
  /** One call for each operation of the API, by its `operationId`. */
  readonly [Id in OperationId]: (...given: Arguments<Id, CallOptions>) => Promise<Output<Id>>;
};

export interface Carillon extends Calls {
  /** The same with status and headers: `ETag`, `Location`, `RateLimit`. */
  request<Id extends OperationId>(id: Id, ...given: Arguments<Id, CallOptions>): Promise<Answer<Output<Id>>>;
  /** The rows of all pages of a list, one page at a time. */
  all<Id extends PagedId>(id: Id, ...given: Arguments<Id, CallOptions>): AsyncGenerator<Row<Id>, void, undefined>;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** The service had no time for these: trying again is what it asks for. */
const RETRIED_STATUSES: ReadonlySet<number> = new Set([429, 503]);
/** When no answer came, these may have taken effect, and do no harm by doing so again; a POST has its key for that. */
const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'PUT', 'POST']);

/**
 * A client of the service.
 *
 * @example
 * const carillon = createClient({ url, key });
 * const job = await carillon.createJob({ body: { name: 'report', schedule: '0 9 * * *', target: 'https://example.com/' } });
 * for await (const run of carillon.all('listJobRuns', { id: job.id })) console.log(run.state);
 */
export function createClient(options: ClientOptions): Carillon {
  const caller = new Caller(options);
  const calls = Object.keys(OPERATIONS).map((id) => [
    id,
    async (input?: Given, callOptions?: CallOptions) => (await caller.call(id as OperationId, input, callOptions)).body,
  ]);
  const client = {
    ...(Object.fromEntries(calls) as object),
    request: (id: OperationId, input?: Given, callOptions?: CallOptions) => caller.call(id, input, callOptions),
    all: (id: OperationId, input?: Given, callOptions?: CallOptions) => caller.all(id, input, callOptions),
  };
  return client as unknown as Carillon;
}

/** What any operation takes, as the types of each say in detail. */
type Given = Readonly<Record<string, unknown>>;

interface Page {
  readonly data: readonly unknown[];
  readonly page: { readonly nextCursor: string | null };
}

class Caller {
  private readonly base: string;
  private readonly fetch: typeof fetch;
  private readonly policy: RetryPolicy;

  constructor(private readonly options: ClientOptions) {
    this.base = options.url.replace(/\/+$/, '');
    // Browsers want `fetch` to be called on nothing but the global.
    this.fetch = options.fetch ?? ((...given) => globalThis.fetch(...given));
    this.policy = { ...DEFAULT_RETRIES, ...options.retries };
  }

  async *all(id: OperationId, input: Given = {}, options: CallOptions = {}): AsyncGenerator<unknown, void, undefined> {
    let cursor: string | null | undefined;
    do {
      const { body } = await this.call(id, cursor == null ? input : { ...input, cursor }, options);
      const { data, page } = body as Page;
      yield* data;
      cursor = page.nextCursor;
    } while (cursor !== null);
  }

  async call(id: OperationId, input: Given = {}, options: CallOptions = {}): Promise<Answer<unknown>> {
    const request = requestFor(id, input, options, this.options);
    const label = `${request.method} ${request.path}`;
    for (let retry = 0; ; retry += 1) {
      const outcome = await this.attempt(request, label, options.signal);
      if (!(outcome instanceof Error)) return outcome;
      const waitMs = nextDelayMs(retry, isRefusal(outcome) ? outcome.retryAfterMs : null, this.policy, Math.random());
      if (waitMs === null || !mayTryAgain(outcome, request.method)) throw outcome;
      await delay(waitMs, options.signal);
    }
  }

  /** One try: an answer, or why there is none. Throws when the caller has aborted. */
  private async attempt(
    { path, ...init }: Request,
    label: string,
    signal: AbortSignal | undefined,
  ): Promise<Answer<unknown> | ProblemError | ConnectionError> {
    const timeout = AbortSignal.timeout(this.options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    try {
      const response = await this.fetch(this.base + path, {
        ...init,
        redirect: 'error',
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
      const text = await response.text();
      const { status, headers } = response;
      if (response.ok || status === 304) return { status, headers, body: contentOf(headers, text) };
      const problem = problemOf(headers, text);
      return new ProblemError(status, problem, retryAfterMs(headers.get('retry-after'), Date.now()), label);
    } catch (cause) {
      if (signal?.aborted === true) throw signal.reason;
      const why = timeout.aborted ? 'in time' : 'from the service';
      return new ConnectionError(`${label}: no answer came ${why}`, { cause });
    }
  }
}

interface Request {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

function requestFor(id: OperationId, input: Given, options: CallOptions, client: ClientOptions): Request {
  const { method, path, contentType } = OPERATIONS[id];
  const { body, ...parameters } = input;
  const query = new URLSearchParams();
  const used = new Set<string>();
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    used.add(name);
    return segmentOf(name, parameters[name]);
  });
  for (const [name, value] of Object.entries(parameters)) {
    if (used.has(name) || value === undefined) continue;
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) query.append(name, textOf(item));
  }
  const search = query.toString();
  const type = options.headers?.['content-type'] ?? contentType ?? '';
  return {
    method,
    path: search === '' ? filled : `${filled}?${search}`,
    headers: {
      accept: 'application/json, application/problem+json, */*;q=0.5',
      ...(client.key !== undefined && { authorization: `Bearer ${client.key}` }),
      ...(client.project !== undefined && { 'carillon-project': client.project }),
      ...(method === 'POST' && { 'idempotency-key': options.idempotencyKey ?? crypto.randomUUID() }),
      ...(options.ifMatch !== undefined && { 'if-match': options.ifMatch }),
      ...(body !== undefined && { 'content-type': type }),
      ...options.headers,
    },
    // Text of another kind (YAML) goes as it is.
    ...(body !== undefined && { body: typeof body === 'string' && !/json/.test(type) ? body : JSON.stringify(body) }),
  };
}

/** URL parsers take dots for a way up, encoded or not, and nothing for another path. */
function segmentOf(name: string, value: unknown): string {
  const text = textOf(value);
  if (/^\.{0,2}$/.test(text)) throw new TypeError(`${name} can't be "${text}"`);
  return encodeURIComponent(text);
}

function textOf(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new TypeError(`a parameter is neither text nor number: ${JSON.stringify(value)}`);
}

function isRefusal(outcome: Error): outcome is ProblemError {
  return outcome instanceof ProblemError;
}

function mayTryAgain(outcome: ProblemError | ConnectionError, method: string): boolean {
  return isRefusal(outcome) ? RETRIED_STATUSES.has(outcome.status) : REPEATABLE.has(method);
}

function contentOf(headers: Headers, text: string): unknown {
  if (text === '') return undefined;
  return /[/+]json\b/.test(headers.get('content-type') ?? '') ? (JSON.parse(text) as unknown) : text;
}

function problemOf(headers: Headers, text: string): Partial<Problem> {
  if (!/^application\/problem\+json\b/.test(headers.get('content-type') ?? '')) return {};
  try {
    return JSON.parse(text) as Problem;
  } catch {
    return {};
  }
}
