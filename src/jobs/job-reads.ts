import { Injectable } from '@nestjs/common';
import { KeptValues } from '../caching/kept-values.js';
import { JobListRepository } from '../persistence/job-list.repository.js';
import { JobReadingsRepository } from '../persistence/job-readings.repository.js';
import type { DefinitionStamp, JobQuestion, JobReading } from '../persistence/job-readings.repository.js';
import type { Page } from '../platform/contract/page.js';
import { isUuid } from '../platform/contract/values.schema.js';
import { Metrics } from '../platform/metrics.js';
import { OneTurn } from '../platform/one-turn.js';
import { noSuchJob } from './job-changes.js';
import { listJobs } from './job-list.js';
import type { JobListQuery, JobView } from './job.schemas.js';
import { viewOfDefinition, viewOfParts } from './job-view.js';
import type { DefinitionView } from './job-view.js';

const MAX_INSTANT = 253_402_300_799_999;

/** The view of a definition, secrets masked, and which definition that is. */
interface Kept {
  readonly stamp: DefinitionStamp;
  readonly view: DefinitionView;
}

/**
 * Answers jobs from a cache that nobody has to invalidate: each read asks Postgres where its jobs stand and whether the
 * definitions at hand are still theirs, and is sent those that are not. So a read shows what was committed before it began,
 * whatever any cache holds.
 */
@Injectable()
export class JobReads {
  private readonly turn = new OneTurn((asked: readonly Asked[]) => this.ask(asked));

  constructor(
    private readonly lists: JobListRepository,
    private readonly readings: JobReadingsRepository,
    private readonly kept: KeptValues,
    private readonly metrics: Metrics,
  ) {}

  async get(projectId: string, id: string): Promise<JobView> {
    if (!isUuid(id)) noSuchJob();
    const [kept] = await this.keptOf(projectId, [id]);
    return (await this.turn.add({ projectId, id, kept })) ?? noSuchJob();
  }

  async list(projectId: string, query: JobListQuery): Promise<Page<JobView>> {
    const { data: ids, page } = await listJobs(this.lists, projectId, query);
    const kept = await this.keptOf(projectId, ids);
    const views = await this.ask(ids.map((id, index) => ({ projectId, id, kept: kept[index] })));
    // One that was deleted meanwhile is left out.
    return { data: views.filter((view) => view !== null), page };
  }

  private async keptOf(projectId: string, ids: readonly string[]): Promise<(Kept | undefined)[]> {
    const found = await this.kept.find<Kept>(ids.map((id) => keyOf(projectId, id)));
    return found.map((kept) => (isKept(kept) ? kept : undefined));
  }

  /** The same question is asked once, whoever shares the turn. */
  private async ask(asked: readonly Asked[]): Promise<(JobView | null)[]> {
    const distinct = new Map<string, Asked>();
    for (const one of asked) distinct.set(nameOf(one), one);
    const questions = [...distinct.values()];
    const readings = await this.readings.read(questions.map(questionOf));
    const views = new Map<string, JobView | null>();
    for (const [index, question] of questions.entries()) {
      views.set(nameOf(question), this.viewOf(question, readings[index] ?? null));
    }
    return asked.map((one) => views.get(nameOf(one)) ?? null);
  }

  private viewOf({ projectId, kept }: Asked, reading: JobReading | null): JobView | null {
    if (reading === null) return null;
    const { id, stamp, standing, definition } = reading;
    this.metrics.cacheLookups.inc({
      of: 'job',
      found: kept === undefined ? 'miss' : definition === null ? 'hit' : 'outdated',
    });
    if (definition !== null) {
      const view = viewOfDefinition(definition);
      this.kept.keep(keyOf(projectId, id), { stamp, view } satisfies Kept);
      return viewOfParts(id, view, standing);
    }
    if (kept === undefined) throw new Error(`Postgres left out a definition of job ${id} that was not at hand`);
    return viewOfParts(id, kept.view, standing);
  }
}

/** What lies in Redis may be anything; with this much of it Postgres can be asked. */
function isKept(kept: Partial<Kept> | undefined): kept is Kept {
  const { xmin = '', updatedAt = -1 } = kept?.stamp ?? {};
  return /^\d{1,10}$/.test(xmin) && updatedAt >= 0 && updatedAt <= MAX_INSTANT && kept?.view !== undefined;
}

interface Asked {
  readonly projectId: string;
  readonly id: string;
  readonly kept: Kept | undefined;
}

function questionOf({ projectId, id, kept }: Asked): JobQuestion {
  return { projectId, id, known: kept?.stamp ?? null };
}

function nameOf({ projectId, id, kept }: Asked): string {
  return `${projectId}/${id}/${kept === undefined ? '' : `${kept.stamp.xmin}/${kept.stamp.updatedAt}`}`;
}

/** In braces what is read together: jobs of one project lie in one slot of a cluster. */
function keyOf(projectId: string, id: string): string {
  return `job:{${projectId}}:${id.toLowerCase()}`;
}
