import type { HttpTarget, TargetAuth } from '../../domain/job.js';
import { formatInstant } from '../../domain/recurrence/instants.js';
import type { ClaimedRun } from '../../persistence/claims.repository.js';
import { signatures } from '../signing.js';

/** An HTTP request as it goes out. */
export interface TargetRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
  readonly timeoutMs: number;
  /** Sent with it, and never to be kept of what comes back. */
  readonly secrets?: readonly string[];
  /** Shown to the target, in PEM. */
  readonly certificate?: ClientCertificate;
}

export type ClientCertificate = Omit<Extract<TargetAuth, { type: 'mtls' }>, 'type'>;

/** What a request says of the run that it is sent for. */
export type AddressedRun = Pick<
  ClaimedRun,
  'id' | 'scheduledFor' | 'jobId' | 'jobName' | 'attempt' | 'body' | 'target'
>;

export interface RequestContext {
  readonly userAgent: string;
  /** Seconds since 1970, as Standard Webhooks counts. */
  readonly sentAtSeconds: number;
  /** 16 hexadecimal digits: the span of this attempt. */
  readonly spanId: string;
  /** Of the project; empty: the call is not signed. */
  readonly signingSecrets: readonly string[];
}

const PLACEHOLDER = /\{\{\s*(scheduledFor|runId|attempt|jobName)\s*\}\}/g;
const BODILESS = new Set(['GET', 'HEAD']);

/**
 * The request of one attempt: the job's method, headers and body with their placeholders filled, its credentials, and the
 * headers that identify the run (Standard Webhooks' id, timestamp and signatures, W3C trace context). The run's target is in
 * clear. An access token of OAuth 2 is not there yet.
 */
export function buildRequest(run: AddressedRun, context: RequestContext): TargetRequest {
  const { target } = run;
  const fill = filler(run);
  const { headers, secrets } = ownHeaders(target, filler(run, headerText));
  const body = BODILESS.has(target.method) ? null : bodyOf(run, fill);
  if (body !== null) headers['content-type'] ??= body.isText ? 'text/plain; charset=utf-8' : 'application/json';
  headers['user-agent'] = context.userAgent;
  headers['webhook-id'] = run.id;
  headers['webhook-timestamp'] = String(context.sentAtSeconds);
  if (context.signingSecrets.length > 0) {
    const { signingSecrets, sentAtSeconds } = context;
    headers['webhook-signature'] = signatures(signingSecrets, run.id, sentAtSeconds, body?.text ?? null);
  }
  headers['carillon-scheduled-for'] = formatInstant(run.scheduledFor);
  headers['carillon-job-id'] = run.jobId;
  headers['carillon-job-name'] = headerText(run.jobName);
  headers['carillon-attempt'] = String(run.attempt);
  // One trace a run, one span an attempt.
  headers['traceparent'] = `00-${run.id.replaceAll('-', '')}-${context.spanId}-01`;
  return {
    method: target.method,
    url: fillUrl(target.url, fill),
    headers,
    body: body?.text ?? null,
    timeoutMs: target.timeoutMs,
    secrets,
    ...(target.auth?.type === 'mtls' && { certificate: target.auth }),
  };
}

/** The headers that the job sets, its credentials too, and which texts of them are secret. */
function ownHeaders(
  { headers: given, auth }: HttpTarget,
  fill: (text: string) => string,
): { headers: Record<string, string>; secrets: string[] } {
  const headers: Record<string, string> = {};
  const secrets: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    const text = fill(typeof value === 'string' ? value : value.value);
    headers[name.toLowerCase()] = text;
    if (typeof value !== 'string') secrets.push(text);
  }
  if (auth?.type === 'basic') {
    headers['authorization'] = basicCredentials(auth.username, auth.password);
    secrets.push(headers['authorization'], auth.password);
  } else if (auth?.type === 'bearer') {
    headers['authorization'] = `Bearer ${auth.token}`;
    secrets.push(headers['authorization']);
  } else if (auth?.type === 'oauth2') secrets.push(auth.clientSecret);
  return { headers, secrets };
}

/** RFC 7617, in UTF-8. */
export function basicCredentials(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** Fills placeholders; what stands around them is left as it is. */
function filler(run: AddressedRun, encode: (value: string) => string = (value) => value): (text: string) => string {
  const values: Readonly<Record<string, string>> = {
    scheduledFor: formatInstant(run.scheduledFor),
    runId: run.id,
    attempt: String(run.attempt),
    jobName: run.jobName,
  };
  return (text) =>
    text.includes('{{') ? text.replace(PLACEHOLDER, (match, name: string) => encode(values[name] ?? match)) : text;
}

/** Placeholders stand in the query only, where their text is percent-encoded. */
function fillUrl(url: string, fill: (text: string) => string): string {
  const query = url.indexOf('?');
  if (query < 0) return url;
  const filled = url.slice(query).replace(/(?:\{\{|%7B%7B)\s*(\w+)\s*(?:\}\}|%7D%7D)/gi, (match, name: string) => {
    const text = fill(`{{${name}}}`);
    return text === `{{${name}}}` ? match : encodeURIComponent(text);
  });
  return url.slice(0, query) + filled;
}

function bodyOf(run: AddressedRun, fill: (text: string) => string): { text: string; isText: boolean } {
  const body: unknown = run.body === null ? run.target.body : JSON.parse(run.body);
  if (body === undefined) {
    const { id, jobId, jobName, attempt } = run;
    const standard = { jobId, jobName, runId: id, scheduledFor: formatInstant(run.scheduledFor), attempt };
    return { text: JSON.stringify(standard), isText: false };
  }
  if (typeof body === 'string') return { text: fill(body), isText: true };
  return { text: JSON.stringify(fillStrings(body, fill)), isText: false };
}

function fillStrings(value: unknown, fill: (text: string) => string): unknown {
  if (typeof value === 'string') return fill(value);
  if (Array.isArray(value)) return value.map((item) => fillStrings(item, fill));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fillStrings(member, fill)]));
}

/** A job's name may hold any letter, a header only visible ASCII (RFC 9110): the rest is percent-encoded. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, (character) => encodeURIComponent(character));
}
