import { isJsonObject } from '../json.js';
import { quote } from '../recurrence/problems.js';
import { formatInstant, parseInstant } from '../recurrence/instants.js';
import { fromEventBridge } from './cron-fields.js';
import type { GroupedName, Imported, ImportedJob } from './imported-job.js';
import { nameWithin } from './imported-job.js';
import { Members } from './members.js';
import { ImportReport } from './report.js';

const MAX_ATTEMPTS = 100;
const UNIT_MINUTES: Readonly<Record<string, number>> = { minute: 1, hour: 60, day: 1_440 };
const TARGET_SETTINGS = [
  ...['EcsParameters', 'EventBridgeParameters', 'KinesisParameters', 'SageMakerPipelineParameters', 'SqsParameters'],
];
/** What EventBridge puts into the input when it calls, and what stands for it here. */
const ATTRIBUTES: readonly (readonly [string, string])[] = [
  ['<aws.scheduler.scheduled-time>', '{{scheduledFor}}'],
  ['<aws.scheduler.execution-id>', '{{runId}}'],
  ['<aws.scheduler.attempt-number>', '{{attempt}}'],
];

/**
 * Reads schedules of EventBridge Scheduler as `aws scheduler get-schedule` answers them: one, a list of them, or
 * `{ "Schedules": [] }`. What `list-schedules` answers has no expressions, and is reported so.
 */
export function importEventBridge(documents: readonly unknown[]): Imported {
  const report = new ImportReport();
  const items = itemsOf(documents, report);
  const groups = new Set(items.map(({ id }) => id.group));
  const jobs = items.flatMap(({ id, schedule }) => {
    const name = nameWithin(groups, id);
    schedule.job = name;
    return jobOf(schedule, name, report) ?? [];
  });
  return { jobs, report };
}

interface Item {
  readonly id: GroupedName;
  readonly schedule: Members;
}

function itemsOf(documents: readonly unknown[], report: ImportReport): Item[] {
  const items: Item[] = [];
  const visit = (value: unknown, pointer: string, isItem = false): void => {
    if (value === null) return;
    const list = Array.isArray(value) ? value : isJsonObject(value) ? value['Schedules'] : null;
    if (Array.isArray(list) && !isItem) {
      list.forEach((item, index) =>
        visit(item, `${pointer}${Array.isArray(value) ? '' : '/Schedules'}/${index}`, true),
      );
    } else if (isJsonObject(value) && typeof value['Name'] === 'string') {
      const { Name: name, GroupName: group } = value;
      const id = { group: typeof group === 'string' ? group : 'default', name };
      items.push({ id, schedule: new Members(value, pointer, report) });
    } else report.job(null, { pointer }, 'not_a_job', 'is not a schedule of EventBridge: it has no Name');
  };
  documents.forEach((document, index) => visit(document, documents.length === 1 ? '' : `/${index}`));
  return items;
}

function jobOf(members: Members, name: string, report: ImportReport): ImportedJob | null {
  const refuse = (member: string, detail: string): null => {
    report.job(name, { pointer: `${members.pointer}/${member}` }, 'unsupported_schedule', detail);
    return null;
  };
  const expression = members.text('ScheduleExpression');
  if (expression === undefined) {
    return refuse('ScheduleExpression', 'is missing: list-schedules leaves it out, get-schedule has it');
  }
  const timeZone = members.text('ScheduleExpressionTimezone') ?? 'UTC';
  const startAt = momentOf(members, 'StartDate');
  const endAt = momentOf(members, 'EndDate');
  const createdAt = momentOf(members, 'CreationDate');
  const timing = timingOf(expression.trim(), timeZone, startAt ?? createdAt);
  if (typeof timing === 'string') return refuse('ScheduleExpression', timing);
  const isOnce = timing['type'] === 'once';
  if (isOnce && (startAt ?? endAt) !== undefined) {
    members.lose('StartDate', 'no_equivalent', 'and EndDate mean nothing for a time that comes once, there as here');
  }
  const jitter = jitterOf(members.part('FlexibleTimeWindow'));
  const description = members.text('Description');
  const state = members.text('State');
  if (members.text('ActionAfterCompletion') === 'DELETE') {
    members.lose('ActionAfterCompletion', 'no_equivalent', 'completed jobs stay until they are deleted');
  }
  const target = members.part('Target');
  const { retry, body } = targetOf(target);
  const group = members.text('GroupName');
  members.ignore('Name', 'Arn', 'LastModificationDate', 'ResponseMetadata');
  members.rest();
  return {
    place: { pointer: members.pointer },
    name,
    settings: {
      ...(description !== undefined && { description }),
      ...(group !== undefined && group !== 'default' && { labels: { group } }),
      schedule: {
        ...timing,
        ...(!isOnce && startAt !== undefined && { startAt }),
        ...(!isOnce && endAt !== undefined && { endAt }),
        ...(jitter !== null && { jitter }),
      },
      ...(retry !== null && { retry }),
      ...(state === 'DISABLED' && { paused: true }),
    },
    target: { url: null, ...(body !== undefined && { body }) },
  };
}

/** The schedule's type and its own members, or why there are none. */
function timingOf(text: string, timeZone: string, anchorAt: string | undefined): Record<string, unknown> | string {
  const [, kind = '', content = ''] = /^(at|rate|cron)\((.*)\)$/.exec(text) ?? [];
  if (kind === 'at') return { type: 'once', at: content.trim(), timeZone };
  if (kind === 'rate') {
    const [, amount, unit = ''] = /^(\d{1,9})\s+(minute|hour|day)s?$/.exec(content.trim()) ?? [];
    const minutes = Number(amount) * (UNIT_MINUTES[unit] ?? NaN);
    if (Number.isNaN(minutes)) return `${quote(text)} is not a rate in minutes, hours or days`;
    // Its days are 24 hours long, whatever the clocks do.
    return { type: 'interval', every: `PT${minutes}M`, ...(anchorAt !== undefined && { anchorAt }) };
  }
  if (kind !== 'cron') return `${quote(text)} is not at(…), rate(…) or cron(…)`;
  const translated = fromEventBridge(content.trim().split(/\s+/));
  if ('refused' in translated) return translated.refused;
  // It leaves out a time that a clock change takes away, and runs once at one that comes twice.
  const dst = timeZone === 'UTC' ? {} : { dst: { gap: 'skip' } };
  return { type: 'cron', expression: translated.expression, timeZone, ...dst };
}

/** RFC 3339 as version 2 of the command line writes it, or seconds since 1970 as version 1 does. */
function momentOf(members: Members, name: string): string | undefined {
  const value = members.peek(name);
  if (typeof value === 'number') {
    members.ignore(name);
    return Number.isFinite(value) && Math.abs(value) < 1e10 ? formatInstant(Math.round(value * 1_000)) : undefined;
  }
  const text = members.text(name);
  if (text === undefined) return undefined;
  const instant = parseInstant(text);
  if (instant === null) members.lose(name, 'malformed', 'is not an instant');
  return instant === null ? undefined : formatInstant(instant);
}

function jitterOf(window: Members | undefined): string | null {
  if (window === undefined) return null;
  const mode = window.text('Mode');
  const minutes = window.number('MaximumWindowInMinutes');
  window.rest();
  return mode === 'FLEXIBLE' && minutes !== undefined ? `PT${minutes}M` : null;
}

function targetOf(target: Members | undefined): { retry: Record<string, unknown> | null; body: unknown } {
  if (target === undefined) return { retry: null, body: undefined };
  const arn = target.text('Arn');
  if (arn !== undefined)
    target.lose('Arn', 'no_equivalent', 'is not called: the URL named with target is, in its place');
  if (target.text('RoleArn') !== undefined) target.lose('RoleArn', 'credentials', 'no role of AWS is taken on here');
  if (target.part('DeadLetterConfig') !== undefined) {
    target.lose('DeadLetterConfig', 'no_equivalent', 'a run that failed for good stays in the ledger');
  }
  for (const name of TARGET_SETTINGS) {
    if (target.has(name)) target.lose(name, 'no_equivalent', 'is for a service of AWS');
  }
  const body = bodyOf(target);
  const retry = retryOf(target.part('RetryPolicy'));
  target.rest();
  return { retry, body };
}

function bodyOf(target: Members): unknown {
  const input = target.text('Input');
  if (input === undefined) return undefined;
  const filled = ATTRIBUTES.reduce((text, [theirs, ours]) => text.replaceAll(theirs, ours), input);
  if (filled.includes('<aws.scheduler.')) {
    target.lose(
      'Input',
      'approximated',
      'attributes other than scheduled-time, execution-id and attempt-number stay as text',
    );
  }
  try {
    return JSON.parse(filled) as unknown;
  } catch {
    return filled;
  }
}

function retryOf(policy: Members | undefined): Record<string, unknown> | null {
  const retries = policy?.number('MaximumRetryAttempts');
  const ageSeconds = policy?.number('MaximumEventAgeInSeconds');
  if (policy === undefined) return null;
  if (retries !== undefined && retries >= MAX_ATTEMPTS) {
    policy.lose('MaximumRetryAttempts', 'approximated', `at most ${MAX_ATTEMPTS} attempts are made here`);
  }
  policy.rest();
  return {
    ...(retries !== undefined && { maxAttempts: Math.min(MAX_ATTEMPTS, retries + 1) }),
    ...(ageSeconds !== undefined && { maxElapsed: `PT${ageSeconds}S` }),
  };
}
