import type { Schemas } from '../../api/client';
import { draftOf, EMPTY, inputOf, type ScheduleDraft } from './schedule-draft';

export type Job = Schemas['Job'];
export type AuthType = 'none' | 'basic' | 'bearer' | 'oauth2' | 'mtls';

export interface HeaderDraft {
  readonly key: number;
  readonly name: string;
  readonly value: string;
  readonly secret: boolean;
}

/** A job as it is being written: texts, as the fields hold them. */
export interface JobDraft {
  readonly name: string;
  readonly description: string;
  readonly labels: string;
  readonly schedule: ScheduleDraft;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly HeaderDraft[];
  readonly authType: AuthType;
  readonly auth: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeout: string;
  readonly statuses: string;
  readonly retry: {
    readonly maxAttempts: string;
    readonly backoff: string;
    readonly initialDelay: string;
    readonly maxDelay: string;
    readonly maxElapsed: string;
  };
  readonly overlap: Job['overlap'];
  readonly misfire: {
    readonly policy: Job['misfire']['policy'];
    readonly grace: string;
    readonly within: string;
    readonly limit: string;
  };
}

/** What the service answers in the place of a secret; given back, it stays as it is. */
export const MASKED = '********';

export const NEW_JOB: JobDraft = {
  ...{ name: '', description: '', labels: '', schedule: EMPTY, method: 'POST', url: '', headers: [] },
  ...{ authType: 'none', auth: {}, body: '', timeout: 'PT30S', statuses: '2xx' },
  retry: { maxAttempts: '3', backoff: 'exponential', initialDelay: 'PT1S', maxDelay: 'PT5M', maxElapsed: 'PT1H' },
  overlap: 'allow',
  misfire: { policy: 'runLast', grace: 'PT10S', within: 'PT1H', limit: '100' },
};

let lastKey = 0;
export function newHeader(name = '', value = '', secret = false): HeaderDraft {
  lastKey += 1;
  return { key: lastKey, name, value, secret };
}

export function draftOfJob(job: Job): JobDraft {
  const { target, retry, misfire } = job;
  const { type: authType = 'none', ...auth } = (target.auth ?? {}) as { type?: AuthType } & Record<string, string>;
  return {
    name: job.name,
    description: job.description,
    labels: Object.entries(job.labels)
      .map(([name, value]) => `${name}:${value}`)
      .join(', '),
    schedule: draftOf(job.schedule),
    method: target.method,
    url: target.url,
    headers: Object.entries(target.headers).map(([name, value]) =>
      typeof value === 'string' ? newHeader(name, value) : newHeader(name, value.value, true),
    ),
    authType,
    auth,
    body: target.body === undefined ? '' : JSON.stringify(target.body, null, 2),
    timeout: target.timeout,
    statuses: target.success.statuses.join(', '),
    retry: { ...retry, maxAttempts: String(retry.maxAttempts) },
    overlap: job.overlap,
    misfire: { ...misfire, limit: String(misfire.limit) },
  };
}

/** What the service is given. Throws a FieldError where a text can't be read at all. */
export function jobInputOf(draft: JobDraft): Schemas['JobInput'] {
  return {
    name: draft.name.trim(),
    description: draft.description.trim(),
    labels: labelsOf(draft.labels),
    schedule: inputOf(draft.schedule) ?? '',
    target: targetOf(draft),
    retry: {
      ...draft.retry,
      maxAttempts: Number(draft.retry.maxAttempts),
      backoff: draft.retry.backoff as 'fixed',
    },
    overlap: draft.overlap,
    misfire: { ...draft.misfire, limit: Number(draft.misfire.limit) },
  };
}

export function targetOf(draft: JobDraft): Schemas['HttpTargetInput'] {
  const headers = draft.headers
    .filter(({ name }) => name.trim() !== '')
    .map(({ name, value, secret }) => [name.trim(), secret ? { value, secret: true as const } : value] as const);
  return {
    type: 'http',
    method: draft.method as 'POST',
    url: draft.url.trim(),
    headers: Object.fromEntries(headers),
    ...(draft.authType !== 'none' && { auth: { type: draft.authType, ...draft.auth } as Schemas['TargetAuthInput'] }),
    ...(draft.body.trim() !== '' && { body: bodyOf(draft.body) }),
    timeout: draft.timeout.trim(),
    success: { statuses: draft.statuses.split(/[\s,]+/).filter((status) => status !== '') },
  };
}

export class FieldError extends Error {
  constructor(
    readonly pointer: string,
    message: string,
  ) {
    super(message);
  }
}

export function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new FieldError('/target/body', `Not JSON: ${(cause as Error).message}. Text goes in quotes.`);
  }
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const label of text.split(/[,\n]/).map((part) => part.trim())) {
    if (label === '') continue;
    const at = label.indexOf(':');
    if (at < 1) throw new FieldError('/labels', `“${label}” has no colon: write name:value.`);
    labels[label.slice(0, at).trim()] = label.slice(at + 1).trim();
  }
  return labels;
}
