import { Injectable } from '@nestjs/common';
import { sameJson } from '../domain/json.js';
import { KeptValues } from '../caching/kept-values.js';
import { JobListRepository } from '../persistence/job-list.repository.js';
import { JobReadingsRepository } from '../persistence/job-readings.repository.js';
import type { DefinitionStamp, JobQuestion, JobReading, JobStanding } from '../persistence/job-readings.repository.js';
import type { Page } from '../platform/contract/page.js';
import { isUuid } from '../platform/contract/values.schema.js';
import { Metrics } from '../platform/metrics.js';
import { OneTurn } from '../platform/one-turn.js';
import { noSuchJob } from './job-changes.js';
import { listJobs } from './job-list.js';
import { tagOfView } from './job-answer.js';
import type { JobListQuery } from './job.schemas.js';
import { viewOfDefinition, viewOfParts } from './job-view.js';
import type { DefinitionView } from './job-view.js';

const MAX_INSTANT = 253_402_300_799_999;

/** The view of a definition, secrets masked, and which definition that is. */
interface Kept {
  readonly stamp: DefinitionStamp;
  readonly view: DefinitionView;
}

/** A job as it is answered. */
export interface JobAnswer {
  /** JSON. */
  readonly body: string;
  /** Without its quotes. */
  readonly tag: string;
}

/** What was answered of a definition when its job last stood so. */
interface Answered extends JobAnswer {
  readonly standing: JobStanding;
}

/**
 * Answers jobs from a cache that nobody has to invalidate: each read asks Postgres where its jobs stand and whether the
 * definitions at hand are still theirs, and is sent those that are not. So a read shows what was committed before it began,
 * whatever any cache holds.
 */
@Injectable()
export class JobReads {
  /** By the definition at hand: as long as that is kept. */
  private readonly answered = new WeakMap<DefinitionView, Answered>();
  private readonly turn = new OneTurn((asked: readonly Asked[]) => this.ask(asked));

  constructor(
    private readonly lists: JobListRepository,
    private readonly readings: JobReadingsRepository,
    private readonly kept: KeptValues,
    private readonly metrics: Metrics,
  ) {}

  async get(projectId: string, id: string): Promise<JobAnswer> {
    if (!isUuid(id)) noSuchJob();
    const [kept] = await this.keptOf(projectId, [id]);
    return (await this.turn.add({ projectId, id, kept })) ?? noSuchJob();
  }

  async list(projectId: string, query: JobListQuery): Promise<Page<JobAnswer>> {
    const { data: ids, page } = await listJobs(this.lists, projectId, query);
    const kept = await this.keptOf(projectId, ids);
    const answers = await Promise.all(ids.map((id, index) => this.turn.add({ projectId, id, kept: kept[index] })));
    // One that was deleted meanwhile is left out.
    return { data: answers.filter((answer) => answer !== null), page };
  }

  private async keptOf(projectId: string, ids: readonly string[]): Promise<(Kept | undefined)[]> {
    const found = await this.kept.find<Kept>(ids.map((id) => keyOf(projectId, id)));
    return found.map((kept) => (isKept(kept) ? kept : undefined));
  }

  /** The same question is asked once, whoever shares the turn. */
  private async ask(asked: readonly Asked[]): Promise<(JobAnswer | null)[]> {
    const distinct = new Map<string, Asked>();
    for (const one of asked) distinct.set(nameOf(one), one);
    const questions = [...distinct.values()];
    const readings = await this.readings.read(questions.map(questionOf));
    const answers = new Map<string, JobAnswer | null>();
    for (const [index, question] of questions.entries()) {
      answers.set(nameOf(question), this.answerTo(question, readings[index] ?? null));
    }
    return asked.map((one) => answers.get(nameOf(one)) ?? null);
  }

  private answerTo({ projectId, kept }: Asked, reading: JobReading | null): JobAnswer | null {
    if (reading === null) return null;
    const { id, stamp, standing, definition } = reading;
    this.metrics.cacheLookups.inc({
      of: 'job',
      found: kept === undefined ? 'miss' : definition === null ? 'hit' : 'outdated',
    });
    if (definition !== null) {
      const view = viewOfDefinition(definition);
      this.kept.keep(keyOf(projectId, id), { stamp, view } satisfies Kept);
      return this.answerOf(id, view, standing);
    }
    if (kept === undefined) throw new Error(`Postgres left out a definition of job ${id} that was not at hand`);
    return this.answerOf(id, kept.view, standing);
  }

  /** Made once for each state of a job: most of what a reading costs is the text and the tag of its answer. */
  private answerOf(id: string, definition: DefinitionView, standing: JobStanding): JobAnswer {
    const known = this.answered.get(definition);
    if (known !== undefined && sameJson(known.standing, standing)) return known;
    const view = viewOfParts(id, definition, standing);
    const answer = { standing, body: JSON.stringify(view), tag: tagOfView(view) };
    this.answered.set(definition, answer);
    return answer;
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
