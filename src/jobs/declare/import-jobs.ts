import { Problem } from '../../domain/errors.js';
import { importCloudScheduler } from '../../domain/import/cloud-scheduler.js';
import { importCrontab } from '../../domain/import/crontab.js';
import { importEventBridge } from '../../domain/import/eventbridge.js';
import type { Imported, ImportedJob } from '../../domain/import/imported-job.js';
import { importKubernetes } from '../../domain/import/kubernetes.js';
import { TooManyLossesError } from '../../domain/import/report.js';
import { isJsonObject } from '../../domain/json.js';
import { findZone } from '../../domain/recurrence/zone.js';
import { refuseUrl } from '../../domain/target.js';
import { newBreath } from '../../platform/breath.js';
import { refuseBody, refuseParameters } from '../../platform/validation/request-validation.pipe.js';
import { MAX_SET } from './job-set.schemas.js';
import type { DeclaredJob, ImportFormat, ImportQuery } from './job-set.schemas.js';
import { readEntry } from './read-set.js';

/** A template that stood there again and again would make of each name a text many times its length. */
const MAX_PLACES = 9;
const MAX_NAME = 201;

/** A source as it came: a text, or the documents of JSON or YAML. */
export type ImportSourceContent = { readonly text: string } | { readonly documents: readonly unknown[] };

export interface Readable {
  readonly entry: DeclaredJob;
  readonly imported: ImportedJob;
}

/** The jobs of a source that can be jobs here; what can't is in the report. Throws a Problem for a source of no kind. */
export async function readImport(
  source: ImportSourceContent,
  query: ImportQuery,
): Promise<{ readonly readable: readonly Readable[]; readonly report: Imported['report'] }> {
  checkParameters(query);
  const { jobs, report } = importAs(formatOf(source, query.format), source, query);
  const readable: Readable[] = [];
  const seen = new Set<string>();
  const breath = newBreath();
  for (const imported of jobs) {
    const { name, place } = imported;
    const url = imported.target.url ?? urlOf(query.target, name.slice(0, MAX_NAME));
    if (seen.has(name)) report.job(name, place, 'malformed', 'another one before it has the same name');
    else if (url === null) report.job(name, place, 'no_target', 'calls no URL by itself: name one with target');
    else {
      const read = readEntry({ ...imported.settings, name, target: { ...imported.target, url } });
      if ('job' in read) readable.push({ entry: read.job, imported });
      else report.refused(name, place, read.faults);
    }
    seen.add(name);
    await breath();
  }
  return { readable, report };
}

function checkParameters({ target, timeZone }: ImportQuery): void {
  const refused = target === undefined ? null : refuseUrl(urlOf(target, 'name') ?? '');
  if (refused !== null) throw refuseParameters([{ ...refused, pointer: '/target' }]);
  if ((target?.split('{{').length ?? 0) > MAX_PLACES) {
    const detail = `holds more than ${MAX_PLACES - 1} templates`;
    throw refuseParameters([{ pointer: '/target', code: 'too_many', detail }]);
  }
  if (timeZone !== undefined && findZone(timeZone) === null) {
    const detail = 'is not the name of a time zone such as Europe/Paris';
    throw refuseParameters([{ pointer: '/timeZone', code: 'invalid_time_zone', detail }]);
  }
}

function urlOf(template: string | undefined, name: string): string | null {
  return template?.replaceAll(/\{\{\s*name\s*\}\}/g, encodeURIComponent(name)) ?? null;
}

function importAs(format: ImportFormat, source: ImportSourceContent, query: ImportQuery): Imported {
  const timeZone = query.timeZone ?? null;
  try {
    const imported =
      'text' in source
        ? importCrontab(source.text, { timeZone, userColumn: query.userColumn })
        : importDocuments(format, source.documents, timeZone);
    if (imported.jobs.length <= MAX_SET) return imported;
  } catch (error) {
    if (!(error instanceof TooManyLossesError)) throw error;
    throw refuseBody([{ pointer: '', code: 'too_many', detail: error.message }]);
  }
  throw refuseBody([{ pointer: '', code: 'too_many', detail: `has more than ${MAX_SET} jobs` }]);
}

function importDocuments(format: ImportFormat, documents: readonly unknown[], timeZone: string | null): Imported {
  switch (format) {
    case 'kubernetes':
      return importKubernetes(documents, { timeZone });
    case 'eventbridge':
      return importEventBridge(documents);
    case 'cloud-scheduler':
      return importCloudScheduler(documents);
    case 'crontab':
      throw new Problem('unsupported_media_type', 'send a crontab with the header "content-type: text/plain"');
  }
}

function formatOf(source: ImportSourceContent, named: ImportFormat | undefined): ImportFormat {
  if ('text' in source) {
    if (named === undefined || named === 'crontab') return 'crontab';
    throw new Problem('unsupported_media_type', 'plain text is a crontab; send the others as JSON or YAML');
  }
  const format = named ?? source.documents.map(guess).find((guessed) => guessed !== null);
  if (format !== undefined) return format;
  const detail = 'is needed: what was sent is not plainly of one of the formats';
  throw refuseParameters([{ pointer: '/format', code: 'required', detail }]);
}

/** By members that one format alone has. */
function guess(document: unknown): ImportFormat | null {
  const list = isJsonObject(document) ? (document['Schedules'] ?? document['jobs']) : document;
  const sample: unknown = Array.isArray(list) ? list[0] : document;
  if (!isJsonObject(sample)) return null;
  if (typeof sample['kind'] === 'string' && typeof sample['apiVersion'] === 'string') return 'kubernetes';
  if (typeof sample['Name'] === 'string') return 'eventbridge';
  const { name } = sample;
  return typeof name === 'string' && /^projects\/[^/]+\/locations\//.test(name) ? 'cloud-scheduler' : null;
}
