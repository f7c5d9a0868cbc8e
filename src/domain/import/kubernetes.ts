import { isJsonObject } from '../json.js';
import { quote } from '../recurrence/problems.js';
import { fromRobfig } from './cron-fields.js';
import type { GroupedName, Imported, ImportedJob } from './imported-job.js';
import { nameWithin } from './imported-job.js';
import { Members } from './members.js';
import { ImportReport } from './report.js';

export interface KubernetesOptions {
  /** Of the controller that runs the CronJobs; null when it is not known. */
  readonly timeZone: string | null;
}

const LABEL_KEY = /^[A-Za-z0-9._/-]{1,63}$/;
const OVERLAPS: ReadonlyMap<string, string> = new Map([
  ['Allow', 'allow'],
  ['Forbid', 'skip'],
  ['Replace', 'cancelRunning'],
]);
const MACROS: readonly string[] = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];
const BOOKS = [
  ...['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields', 'selfLink', 'deletionTimestamp'],
];
/** The delays of a Job's pods: 10 s, doubled up to six minutes. */
const POD_BACKOFF = { backoff: 'exponential', initialDelay: 'PT10S', maxDelay: 'PT6M' };
const MAX_ATTEMPTS = 100;
const MAX_GRACE_SECONDS = 10;

/**
 * Reads CronJobs (batch/v1, batch/v1beta1) out of the documents of a manifest, lists of them too. A container does not run
 * here: a call whose URL somebody must name gets `{ "cronJob", "namespace", "image", "command", "args" }` of the first one.
 */
export function importKubernetes(documents: readonly unknown[], { timeZone }: KubernetesOptions): Imported {
  const report = new ImportReport();
  const items = itemsOf(documents, report);
  const groups = new Set(items.map(({ id }) => id.group));
  const read = items.flatMap(({ id, manifest }) => {
    const name = nameWithin(groups, id);
    manifest.job = name;
    const outcome = jobOf(manifest, name, id, timeZone);
    if (outcome === null) report.job(name, { pointer: `${manifest.pointer}/spec` }, 'malformed', 'has no schedule');
    return outcome ?? [];
  });
  const first = read.find(({ assumesZone }) => assumesZone);
  if (first !== undefined) {
    const detail = 'has no timeZone and goes by that of its controller; read as UTC, name another with timeZone';
    report.document({ pointer: `${first.pointer}/spec` }, 'assumed_time_zone', detail);
  }
  return { jobs: read.map(({ job }) => job), report };
}

interface Item {
  readonly id: GroupedName;
  readonly manifest: Members;
}

function itemsOf(documents: readonly unknown[], report: ImportReport): Item[] {
  const items: Item[] = [];
  const visit = (value: unknown, pointer: string, isItem = false): void => {
    if (value === null) return; // an empty document between two marks
    const kind = isJsonObject(value) ? value['kind'] : undefined;
    if (
      isJsonObject(value) &&
      !isItem &&
      (kind === 'List' || kind === 'CronJobList') &&
      Array.isArray(value['items'])
    ) {
      value['items'].forEach((item, index) =>
        visit(kind === 'CronJobList' ? asCronJob(item) : item, `${pointer}/items/${index}`, true),
      );
    } else if (isJsonObject(value) && kind === 'CronJob') {
      const manifest = new Members(value, pointer, report);
      const metadata = isJsonObject(value['metadata']) ? value['metadata'] : {};
      const { name, namespace } = metadata;
      if (typeof name === 'string') {
        items.push({ id: { group: typeof namespace === 'string' ? namespace : 'default', name }, manifest });
      } else report.job(null, { pointer: `${pointer}/metadata/name` }, 'malformed', 'a CronJob needs a name');
    } else {
      const what = typeof kind === 'string' ? `${quote(kind)} is not a CronJob` : 'is not a CronJob';
      report.job(null, { pointer: typeof kind === 'string' ? `${pointer}/kind` : pointer }, 'not_a_job', what);
    }
  };
  documents.forEach((document, index) => visit(document, documents.length === 1 ? '' : `/${index}`));
  return items;
}

/** The items of a CronJobList need not say their kind. */
function asCronJob(item: unknown): unknown {
  return isJsonObject(item) ? { ...item, kind: 'CronJob' } : item;
}

function jobOf(
  manifest: Members,
  name: string,
  id: GroupedName,
  controllerZone: string | null,
): { readonly job: ImportedJob; readonly pointer: string; readonly assumesZone: boolean } | null {
  manifest.ignore('apiVersion', 'kind', 'status');
  const labels = labelsOf(manifest.part('metadata'));
  const spec = manifest.part('spec');
  const text = spec?.text('schedule');
  if (spec === undefined || text === undefined) return null;
  const zoned = /^(?:CRON_)?TZ=(\S+)\s+(.*)$/.exec(text.trim());
  const timeZone = spec.text('timeZone') ?? zoned?.[1] ?? controllerZone;
  const schedule = scheduleOf(zoned?.[2] ?? text.trim(), timeZone ?? 'UTC');
  const concurrency = spec.text('concurrencyPolicy');
  const overlap = OVERLAPS.get(concurrency ?? 'Allow');
  if (overlap === undefined) spec.lose('concurrencyPolicy', 'malformed', 'is not Allow, Forbid or Replace');
  const misfire = misfireOf(spec.number('startingDeadlineSeconds'));
  const paused = spec.flag('suspend') === true;
  const template = spec.part('jobTemplate');
  const { retry, body } = templateOf(template, id);
  spec.rest();
  manifest.rest();
  const job: ImportedJob = {
    place: { pointer: manifest.pointer },
    name,
    settings: {
      ...(labels !== null && { labels }),
      schedule,
      ...(overlap !== undefined && { overlap }),
      ...(misfire !== null && { misfire }),
      ...(retry !== null && { retry }),
      ...(paused && { paused }),
    },
    target: { url: null, body },
  };
  return { job, pointer: manifest.pointer, assumesZone: timeZone === null && schedule['type'] === 'cron' };
}

function labelsOf(metadata: Members | undefined): Record<string, string> | null {
  if (metadata === undefined) return null;
  metadata.ignore('name', 'namespace', ...BOOKS);
  const labels = metadata.texts('labels').filter(([key]) => {
    if (LABEL_KEY.test(key)) return true;
    metadata.lose(
      `labels/${key.slice(0, 100).replaceAll('/', '~1')}`,
      'no_equivalent',
      'is longer than a label may be',
    );
    return false;
  });
  metadata.rest();
  return labels.length === 0 ? null : Object.fromEntries(labels);
}

function scheduleOf(text: string, timeZone: string): Record<string, unknown> {
  const every = /^@every\s+(\S+)$/.exec(text);
  if (every !== null) return { type: 'interval', every: fromGoDuration(every[1] ?? '') };
  if (MACROS.includes(text)) return { type: 'cron', expression: text, timeZone };
  const translated = fromRobfig(text.split(/\s+/));
  const expression = 'expression' in translated ? translated.expression : text;
  // Its controller leaves out a time that a clock change takes away.
  return { type: 'cron', expression, timeZone, ...(timeZone !== 'UTC' && { dst: { gap: 'skip' } }) };
}

/** Go's `1h30m` as ISO 8601; anything else as it is, to be refused with its text. */
function fromGoDuration(text: string): string {
  const parts = /^(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/.exec(text);
  if (parts === null || text === '') return text;
  const [, hours, minutes, seconds] = parts;
  const part = (amount: string | undefined, unit: string): string => (amount === undefined ? '' : `${amount}${unit}`);
  return `PT${part(hours, 'H')}${part(minutes, 'M')}${part(seconds, 'S')}`;
}

function misfireOf(deadlineSeconds: number | undefined): Record<string, unknown> | null {
  if (deadlineSeconds === undefined) return null;
  const grace = Math.min(MAX_GRACE_SECONDS, deadlineSeconds);
  return { policy: 'runLast', grace: `PT${grace}S`, within: `PT${deadlineSeconds}S` };
}

interface Template {
  readonly retry: Record<string, unknown> | null;
  readonly body: Record<string, unknown>;
}

function templateOf(template: Members | undefined, id: GroupedName): Template {
  const body = { cronJob: id.name, namespace: id.group };
  const job = template?.part('spec');
  if (template === undefined || job === undefined) return { retry: null, body };
  template.rest();
  const backoffLimit = job.number('backoffLimit');
  if (backoffLimit !== undefined && backoffLimit >= MAX_ATTEMPTS) {
    job.lose('backoffLimit', 'approximated', `at most ${MAX_ATTEMPTS} attempts are made here`);
  }
  const retry =
    backoffLimit === undefined
      ? null
      : { ...POD_BACKOFF, maxAttempts: Math.min(MAX_ATTEMPTS, Math.max(1, Math.floor(backoffLimit) + 1)) };
  const container = containerOf(job.part('template'));
  job.rest('is for a Job of Kubernetes, which does not run here: the target is called instead');
  return { retry, body: { ...body, ...container } };
}

function containerOf(pod: Members | undefined): Record<string, unknown> {
  const spec = pod?.part('spec');
  const [first, ...others] = spec?.list('containers') ?? [];
  if (pod === undefined || spec === undefined) return {};
  pod.rest('is for a pod, which does not run here');
  if (others.length > 0) spec.lose('containers', 'no_equivalent', 'only the first container is told to the target');
  spec.rest('is for a pod, which does not run here');
  if (!isJsonObject(first)) return {};
  const container = pod.at(`${spec.pointer}/containers/0`, first);
  const told = {
    image: container.text('image'),
    command: container.list('command'),
    args: container.list('args'),
  };
  container.ignore('name');
  container.rest('is for a container, which does not run here');
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
}
