import { isJsonObject } from '../json.js';
import { quote } from '../recurrence/problems.js';
import { formatElapsed } from '../recurrence/duration.js';
import { refuseHeaderName } from '../target.js';
import type { GroupedName, Imported, ImportedJob } from './imported-job.js';
import { nameWithin } from './imported-job.js';
import { Members } from './members.js';
import { ImportReport } from './report.js';

const MAX_ATTEMPTS = 100;
const MAX_TIMEOUT_MS = 900_000;
const DEFAULT_DEADLINE_MS = 180_000;
const MAX_ELAPSED_MS = 30 * 86_400_000;
const DEFAULT_RETRY = { minBackoffMs: 5_000, maxBackoffMs: 3_600_000, doublings: 5 };
const BOOKS = ['name', 'userUpdateTime', 'scheduleTime', 'lastAttemptTime', 'status', 'legacyAppEngineCron'];
const EVERY = /^every\s+(\d{1,6})\s+(minutes?|mins?|hours?)$/i;
/** Header values that others must not read back. */
const SECRET_HEADER = /authorization|cookie|token|secret|password|api-?key/i;
/** Its own, which an export shows beside those of the job. */
const OWN_HEADERS = /^(user-agent: Google-Cloud-Scheduler|content-length: \d+)$/i;

/** Reads jobs of Google Cloud Scheduler as `gcloud scheduler jobs list` or `describe` write them (JSON or YAML), or its API. */
export function importCloudScheduler(documents: readonly unknown[]): Imported {
  const report = new ImportReport();
  const items = itemsOf(documents, report);
  const groups = new Set(items.map(({ id }) => id.group));
  const jobs = items.flatMap(({ id, job }) => {
    const name = nameWithin(groups, id);
    job.job = name;
    return jobOf(job, name, report) ?? [];
  });
  return { jobs, report };
}

interface Item {
  readonly id: GroupedName;
  readonly job: Members;
}

function itemsOf(documents: readonly unknown[], report: ImportReport): Item[] {
  const items: Item[] = [];
  const visit = (value: unknown, pointer: string, isItem = false): void => {
    if (value === null) return;
    const list = Array.isArray(value) ? value : isJsonObject(value) ? value['jobs'] : null;
    const name = isJsonObject(value) && typeof value['name'] === 'string' ? value['name'] : null;
    const parts = /^(projects\/[^/]+\/locations\/[^/]+)\/jobs\/([^/]+)$/.exec(name ?? '');
    if (Array.isArray(list) && !isItem) {
      list.forEach((item, index) => visit(item, `${pointer}${Array.isArray(value) ? '' : '/jobs'}/${index}`, true));
    } else if (isJsonObject(value) && parts !== null) {
      const id = { group: parts[1] ?? '', name: parts[2] ?? '' };
      items.push({ id, job: new Members(value, pointer, report) });
    } else {
      const detail = 'is not a job of Cloud Scheduler: its name is not projects/…/locations/…/jobs/…';
      report.job(null, { pointer }, 'not_a_job', detail);
    }
  };
  documents.forEach((document, index) => visit(document, documents.length === 1 ? '' : `/${index}`));
  return items;
}

function jobOf(members: Members, name: string, report: ImportReport): ImportedJob | null {
  const text = members.text('schedule');
  if (text === undefined) {
    report.job(name, { pointer: `${members.pointer}/schedule` }, 'malformed', 'is missing');
    return null;
  }
  const timeZone = zoneOf(members.text('timeZone'));
  const every = EVERY.exec(text.trim());
  if (every === null && /^\s*every\b|\bof\b|\bfrom\b/i.test(text)) {
    const detail = `${quote(text)} is in App Engine's words: write it as five fields`;
    report.job(name, { pointer: `${members.pointer}/schedule` }, 'unsupported_schedule', detail);
    return null;
  }
  const unit = /^h/i.test(every?.[2] ?? '') ? 'H' : 'M';
  const schedule =
    every === null
      ? { type: 'cron', expression: text.trim(), timeZone }
      : { type: 'interval', every: `PT${every[1]}${unit}` };
  const description = members.text('description');
  const state = members.text('state');
  const target = targetOf(members);
  if (target === null) return null;
  const retry = retryOf(members.part('retryConfig'));
  const timeout = formatElapsed(timeoutOf(members));
  members.ignore(...BOOKS);
  members.rest();
  return {
    place: { pointer: members.pointer },
    name,
    settings: {
      ...(description !== undefined && { description }),
      schedule,
      retry,
      // It never has two runs of a job under way: one that is due meanwhile follows.
      overlap: 'queueOne',
      ...(state !== undefined && state !== 'ENABLED' && { paused: true }),
    },
    target: { ...target, timeout },
  };
}

function zoneOf(text: string | undefined): string {
  return text === undefined || /^utc$/i.test(text) ? 'UTC' : text;
}

function timeoutOf(members: Members): number {
  const deadlineMs = durationOf(members, 'attemptDeadline') ?? DEFAULT_DEADLINE_MS;
  if (deadlineMs <= MAX_TIMEOUT_MS) return deadlineMs;
  members.lose('attemptDeadline', 'approximated', 'a call may take 15 minutes here at most');
  return MAX_TIMEOUT_MS;
}

function targetOf(members: Members): ImportedJob['target'] | null {
  const http = members.part('httpTarget');
  if (http !== undefined) return httpTargetOf(http);
  const pubsub = members.part('pubsubTarget');
  if (pubsub !== undefined) {
    const body = bodyOf(pubsub, 'data');
    pubsub.rest('belongs to Pub/Sub, which is not called: the URL named with target is, in its place');
    return { url: null, ...(body !== undefined && { body }) };
  }
  const appEngine = members.part('appEngineHttpTarget');
  if (appEngine === undefined) return { url: null };
  const method = methodOf(appEngine);
  const body = bodyOf(appEngine, 'body');
  const headers = headersOf(appEngine);
  appEngine.rest('belongs to App Engine: the URL named with target is called in its place');
  return { url: null, method, headers, ...(body !== undefined && { body }) };
}

function httpTargetOf(http: Members): ImportedJob['target'] {
  const url = http.text('uri') ?? null;
  const method = methodOf(http);
  const headers = headersOf(http);
  // Without one it sends an empty body, not one of ours.
  const body = bodyOf(http, 'body') ?? (['GET', 'HEAD'].includes(method) ? undefined : '');
  for (const name of ['oidcToken', 'oauthToken']) {
    if (http.has(name))
      http.lose(name, 'credentials', "calls from here carry no token of Google's: give the target a secret header");
  }
  http.rest();
  return { url, method, headers, ...(body !== undefined && { body }) };
}

function methodOf(target: Members): string {
  const method = target.text('httpMethod') ?? 'POST';
  return method === 'HTTP_METHOD_UNSPECIFIED' ? 'POST' : method;
}

function headersOf(target: Members): Record<string, unknown> {
  const headers: [string, unknown][] = [];
  for (const [name, value] of target.texts('headers')) {
    const refused = refuseHeaderName(name);
    const pointer = `headers/${name.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (OWN_HEADERS.test(`${name}: ${value}`)) continue;
    if (/^user-agent$/i.test(name)) target.lose(pointer, 'no_equivalent', 'is set by Carillon itself');
    else if (refused !== null) target.lose(pointer, 'no_equivalent', refused.detail);
    else headers.push([name, SECRET_HEADER.test(name) ? { value, secret: true } : value]);
  }
  return Object.fromEntries(headers);
}

/** Base64 there, text here: what is no text can't be carried over. */
function bodyOf(target: Members, name: string): string | undefined {
  const encoded = target.text(name);
  if (encoded === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(encoded.replaceAll('-', '+').replaceAll('_', '/')), (char) =>
      char.charCodeAt(0),
    );
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    target.lose(name, 'malformed', 'is not text in base64');
    return undefined;
  }
}

/** Without a setting for it nothing is tried again. */
function retryOf(config: Members | undefined): Record<string, unknown> {
  const count = config?.number('retryCount') ?? 0;
  const forMs = config === undefined ? 0 : (durationOf(config, 'maxRetryDuration') ?? 0);
  const minMs = (config && durationOf(config, 'minBackoffDuration')) ?? DEFAULT_RETRY.minBackoffMs;
  const maxMs = (config && durationOf(config, 'maxBackoffDuration')) ?? DEFAULT_RETRY.maxBackoffMs;
  const doublings = config?.number('maxDoublings') ?? DEFAULT_RETRY.doublings;
  config?.rest();
  if (config === undefined || (count === 0 && forMs === 0)) return { maxAttempts: 1 };
  if (count > 0 && forMs > 0) {
    const detail = 'and retryCount end the retries when the first of the two is reached here, when both are there';
    config.lose('maxRetryDuration', 'approximated', detail);
  }
  if (minMs * 2 ** doublings < maxMs) {
    config.lose('maxDoublings', 'approximated', 'delays double here until the longest is reached');
  }
  return {
    maxAttempts: count === 0 ? MAX_ATTEMPTS : Math.min(MAX_ATTEMPTS, count + 1),
    ...{ backoff: 'exponential', initialDelay: formatElapsed(minMs), maxDelay: formatElapsed(maxMs) },
    maxElapsed: formatElapsed(forMs === 0 ? MAX_ELAPSED_MS : Math.min(MAX_ELAPSED_MS, forMs)),
  };
}

/** `3600s` or `0.5s`, in milliseconds. */
function durationOf(members: Members, name: string): number | undefined {
  const text = members.text(name);
  if (text === undefined) return undefined;
  const seconds = /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(text)?.[1];
  if (seconds === undefined) members.lose(name, 'malformed', 'is not a duration in seconds such as 3600s');
  return seconds === undefined ? undefined : Math.round(Number(seconds) * 1_000);
}
