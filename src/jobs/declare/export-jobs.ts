import { stringify } from 'yaml';
import { CRONTAB_HEAD, crontabLines } from '../../domain/export/crontab.js';
import type { StoredJob } from '../../persistence/jobs.repository.js';
import { settingsOf } from '../job-view.js';
import type { ExportQuery } from './job-set.schemas.js';

export const CONTENT_TYPES: Readonly<Record<ExportQuery['format'], string>> = {
  json: 'application/json; charset=utf-8',
  yaml: 'application/yaml; charset=utf-8',
  crontab: 'text/plain; charset=utf-8',
};

/** Turns pages of jobs into pieces of one text. */
export function writerOf(format: ExportQuery['format']): (pages: AsyncIterable<StoredJob[]>) => AsyncGenerator<string> {
  return { json: writeJson, yaml: writeYaml, crontab: writeCrontab }[format];
}

/** A job of the set, as `PUT` takes it back. */
function entryOf(job: StoredJob) {
  return { ...settingsOf(job), ...(job.state === 'paused' && { paused: true }) };
}

async function* writeJson(pages: AsyncIterable<StoredJob[]>): AsyncGenerator<string> {
  yield '{"jobs":[';
  let separator = '\n';
  for await (const jobs of pages) {
    for (const job of jobs) {
      yield `${separator}${JSON.stringify(entryOf(job))}`;
      separator = ',\n';
    }
  }
  yield '\n]}\n';
}

const HEAD = 'jobs:\n';

async function* writeYaml(pages: AsyncIterable<StoredJob[]>): AsyncGenerator<string> {
  let isEmpty = true;
  for await (const jobs of pages) {
    // Quoted so that readers of YAML 1.1 take "no" and "12:30" for texts too.
    const text = stringify(
      { jobs: jobs.map(entryOf) },
      { compat: 'yaml-1.1', aliasDuplicateObjects: false, lineWidth: 0 },
    );
    yield isEmpty ? text : text.slice(HEAD.length);
    isEmpty = false;
  }
  if (isEmpty) yield 'jobs: []\n';
}

async function* writeCrontab(pages: AsyncIterable<StoredJob[]>): AsyncGenerator<string> {
  yield CRONTAB_HEAD;
  let zone: string | null = null;
  for await (const jobs of pages) {
    for (const job of jobs) {
      const lines = crontabLines(job, zone);
      ({ zone } = lines);
      yield `\n${lines.text}`;
    }
  }
}
