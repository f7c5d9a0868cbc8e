import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROJECT_ROOT } from '../../support/project-root.js';
import { waitFor } from '../../support/wait-for.js';
import { Acknowledged } from './acknowledged.js';
import type { Answer } from './api.js';
import { audit } from './audit.js';
import { Cluster } from './cluster.js';
import type { ClusterOptions } from './cluster.js';
import { DatabaseTime } from './database-time.js';
import type { Bracket } from './database-time.js';
import { countOpen, planningLagMs, readLedger } from './ledger.js';
import { MemoryWatch } from './memory-watch.js';
import type { Replica } from './replica.js';
import { report } from './results.js';
import type { Rhythm } from './rhythm.js';
import { IS_LONG, randomFor, runSeed } from './seed.js';
import type { Random } from './seed.js';
import { Sink } from './sink.js';
import { WatchedJob } from './watched-job.js';
import type { Misfire, Watching } from './watched-job.js';

export interface JobSpec extends Watching {
  readonly name: string;
  readonly rhythm: Rhythm;
  /** Path at the sink; default: the name. */
  readonly path?: string;
  /** More members of the job as the API takes them: `retry`, `description`, … */
  readonly more?: object;
}

export interface StageOptions extends ClusterOptions {
  /** How far the replicas' clocks may lag behind the database's: as long as answers of Postgres are delayed. */
  readonly clockLagMs?: number;
  /** False: replicas write instants an hour apart into the ledger, so the order of runs is judged by the target's clock. */
  readonly ledgerTimes?: boolean;
}

const ASKED_AGAIN_AFTER_MS = 100;
const CALLS_AT_ONCE = 6;
const CAUGHT_UP_MS = 1_500;
/**
 * The service's clock may lag behind the database's, never run ahead: by the way of an answer, and by what a busy process
 * takes to look at it (20 ms were seen on two cores that were full).
 */
const CLOCK_LAG_MS = 250;

/** One scenario's cluster, sink and jobs, and the account of them at the end. */
export class Stage {
  readonly jobs: WatchedJob[] = [];
  /** Lines below the scenario's row in the output. */
  readonly notes: string[] = [];
  private readonly broken: string[] = [];
  private readonly acknowledged: Acknowledged;
  private asked = 0;
  private readonly openedMs = performance.now();
  private readonly memory: MemoryWatch;

  private constructor(
    readonly title: string,
    private readonly options: StageOptions,
    readonly cluster: Cluster,
    readonly sink: Sink,
    readonly random: Random,
    private time: DatabaseTime,
  ) {
    this.memory = new MemoryWatch(cluster.replicas);
    this.acknowledged = new Acknowledged(cluster.pool);
  }

  static async open(title: string, options: StageOptions): Promise<Stage> {
    const [cluster, sink] = await Promise.all([Cluster.start(options), Sink.start()]);
    return new Stage(title, options, cluster, sink, randomFor(title), await DatabaseTime.read(cluster.pool));
  }

  /** Creates jobs whose every occurrence is accounted for at the end, unless it is deleted by hand. */
  async watch(specs: readonly JobSpec[]): Promise<WatchedJob[]> {
    const created: WatchedJob[] = [];
    const left = [...specs];
    const lanes = Array.from({ length: CALLS_AT_ONCE }, async () => {
      for (let spec = left.shift(); spec !== undefined; spec = left.shift()) created.push(await this.create(spec));
    });
    await Promise.all(lanes);
    this.jobs.push(...created);
    return created;
  }

  /** Sets members of a job, its schedule too when a rhythm is given. Acknowledged when it resolves. */
  async edit(job: WatchedJob, patch: object, rhythm?: Rhythm, through?: Replica): Promise<Answer> {
    const body = { ...patch, ...(rhythm !== undefined && { schedule: rhythm.schedule }) };
    const answer = await this.insist([200], 'PATCH', `/jobs/${job.id}`, body, through);
    if (rhythm !== undefined) job.change(rhythm, this.effectAt(answer, 'updatedAt'));
    await this.acknowledged.change(job, (answer.body as { version: number }).version);
    return answer;
  }

  /** For good: nothing that is due after its acknowledgement may run. */
  async pause(job: WatchedJob, through?: Replica): Promise<Answer> {
    const answer = await this.insist([200], 'POST', `/jobs/${job.id}/pause`, {}, through);
    job.change(null, this.effectAt(answer, 'updatedAt'));
    await this.acknowledged.change(job, Infinity);
    return answer;
  }

  async remove(job: WatchedJob, through?: Replica): Promise<Answer> {
    const answer = await this.insist([204, 404], 'DELETE', `/jobs/${job.id}`, undefined, through);
    job.change(null, this.within(answer));
    job.isDeleted = true;
    await this.acknowledged.change(job, Infinity);
    return answer;
  }

  /** Acknowledged once: a run of its own, which must end in success unless the job is deleted. */
  async trigger(job: WatchedJob, through?: Replica): Promise<Answer> {
    const answer = await this.insist([202], 'POST', `/jobs/${job.id}/trigger`, {}, through);
    this.acknowledged.trigger(job, (answer.body as { id: string }).id);
    return answer;
  }

  /**
   * Calls the API, of any replica that is up unless one is named, until it answers with one of these statuses. What a call
   * without an answer did is not known: only ask for what may be done twice.
   */
  async insist(
    statuses: readonly number[],
    method: string,
    path: string,
    body?: unknown,
    through?: Replica,
    timeoutMs = 40_000,
  ): Promise<Answer> {
    const firstSentAtMs = performance.now();
    for (;;) {
      const replica = through ?? this.anyReplica();
      const outcome: Answer | Error = await (
        replica?.call(method, path, body) ?? Promise.reject(new Error('all down'))
      ).catch((error: unknown) => error as Error);
      if (!(outcome instanceof Error) && statuses.includes(outcome.status))
        return { ...outcome, sentAtMs: firstSentAtMs };
      if (performance.now() > firstSentAtMs + timeoutMs || isFinal(outcome)) {
        const got = outcome instanceof Error ? outcome.message : `${outcome.status}: ${JSON.stringify(outcome.body)}`;
        throw new Error(`${method} ${path} did not come to ${statuses.join(' or ')}; last: ${got}`);
      }
      await sleep(ASKED_AGAIN_AFTER_MS);
    }
  }

  /** Lets time pass: under a fault that lasts, or between two. Anything else waits for a condition. */
  async pass(ms: number): Promise<void> {
    await sleep(ms);
  }

  /** Between its first sending and its answer, by the database's clock. */
  within({ sentAtMs, answeredAtMs }: Pick<Answer, 'sentAtMs' | 'answeredAtMs'>): Bracket {
    return { earliest: this.time.at(sentAtMs).earliest, latest: this.time.at(answeredAtMs).latest };
  }

  /** The database's clock. */
  now(): Bracket {
    return this.time.now();
  }

  /** Of any replica since the start; null before the first look. */
  get largestMemoryMb(): number | null {
    return this.memory.largestMb;
  }

  /** A promise that this scenario alone looks at is broken. */
  breach(text: string): void {
    this.broken.push(`broken: ${text}`);
  }

  note(text: string): void {
    this.notes.push(text);
  }

  /** Due jobs are planned and runs have ended. */
  async settle(timeoutMs = 60_000): Promise<void> {
    const { pool } = this.cluster;
    await waitFor(
      'planning to catch up',
      () => planningLagMs(pool),
      (lagMs) => lagMs < CAUGHT_UP_MS,
      { timeoutMs },
    );
  }

  /**
   * Heals everything, ends every job that is still watched, waits for what is open, and holds the ledger and the sink against
   * the rhythms. Answers every broken promise.
   */
  async account(): Promise<readonly string[]> {
    const { cluster, sink } = this;
    await cluster.heal();
    this.time = await DatabaseTime.read(cluster.pool);
    await this.settle();
    await this.endJobs();
    await waitFor(
      'every run to end',
      () => countOpen(cluster.pool),
      (open) => open === 0,
      { timeoutMs: 90_000 },
    );

    const rows = await readLedger(cluster.pool);
    const { broken, ...figures } = audit({
      jobs: this.jobs,
      rows,
      deliveries: sink.deliveries(),
      time: this.time,
      ledgerTimes: this.options.ledgerTimes ?? true,
    });
    const all = [...this.broken, ...this.uncaughtErrors(), ...this.acknowledged.broken(rows), ...broken];
    report({
      scenario: this.title,
      seed: runSeed(),
      form: IS_LONG ? 'long' : 'short',
      ...figures,
      tookMs: performance.now() - this.openedMs,
      memoryMb: this.largestMemoryMb,
      notes: this.notes,
      broken: all.length,
    });
    return all;
  }

  async close(): Promise<void> {
    this.memory.stop();
    await this.cluster.dispose();
    await this.sink.close();
  }

  /** What the replicas said, in a file that a failure can be understood from. */
  keepLogs(): string {
    const folder = join(PROJECT_ROOT, 'node_modules/.cache/faults');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${this.title.replace(/\W+/g, '-')}-${runSeed()}.log`);
    writeFileSync(file, this.cluster.replicas.flatMap(({ lines }) => lines).join('\n'));
    return file;
  }

  /** The answer tells the instant from which the change holds, by the database's clock; here it is held to that. */
  private effectAt({ body, ...answer }: Answer, member: 'createdAt' | 'updatedAt'): Bracket {
    const at = Date.parse((body as Record<typeof member, string>)[member]);
    const { earliest, latest } = this.within(answer);
    if (!(at >= earliest - (this.options.clockLagMs ?? CLOCK_LAG_MS) && at <= latest)) {
      this.breach(`a change asked for at ${earliest} and acknowledged at ${latest} says that it holds from ${at} on`);
    }
    return { earliest: at, latest: at };
  }

  private async create(spec: JobSpec): Promise<WatchedJob> {
    const { name, rhythm, path = name, misfire = {}, overlap = 'allow', more = {}, mayFail } = spec;
    const body = {
      schedule: rhythm.schedule,
      target: this.sink.url(path),
      overlap,
      misfire: misfireInput(misfire),
      ...more,
    };
    const answer = await this.insist([200, 201], 'PUT', `/jobs/by-name/${name}`, body);
    const { id } = answer.body as { id: string };
    return new WatchedJob(id, name, this.effectAt(answer, 'createdAt'), rhythm, { misfire, overlap, mayFail });
  }

  /** Those that have no occurrence left have ended by themselves. */
  private async endJobs(): Promise<void> {
    const { rows } = await this.cluster.pool.query<{ id: string }>(
      `SELECT job_id AS id FROM job_states WHERE state = 'completed'`,
    );
    const completed = new Set(rows.map(({ id }) => id));
    const left: WatchedJob[] = [];
    for (const job of this.jobs.filter(({ hasEnded }) => !hasEnded)) {
      if (completed.has(job.id)) job.change(null, this.now());
      else left.push(job);
    }
    const lanes = Array.from({ length: CALLS_AT_ONCE }, async () => {
      for (let job = left.shift(); job !== undefined; job = left.shift()) await this.pause(job);
    });
    await Promise.all(lanes);
  }

  private anyReplica(): Replica | null {
    const { up } = this.cluster;
    // In turn, not drawn: how often it is asked depends on timing, and the faults drawn must not.
    this.asked += 1;
    return up[this.asked % up.length] ?? null;
  }

  /** An error that nobody caught ends the process; a replica must outlive every fault. */
  private uncaughtErrors(): string[] {
    return this.cluster.replicas.flatMap(({ name, lines }) =>
      lines.filter((line) => line.includes('"level":"fatal"')).map((line) => `broken: replica ${name} died: ${line}`),
    );
  }
}

function misfireInput({ policy, graceMs, withinMs, limit }: Partial<Misfire>): object {
  const seconds = (ms: number): string => `PT${ms / 1_000}S`;
  return {
    ...(policy !== undefined && { policy }),
    ...(graceMs !== undefined && { grace: seconds(graceMs) }),
    ...(withinMs !== undefined && { within: seconds(withinMs) }),
    ...(limit !== undefined && { limit }),
  };
}

/** Asking again can't help: the request itself is refused. */
function isFinal(outcome: Answer | Error): boolean {
  return !(outcome instanceof Error) && outcome.status >= 400 && outcome.status < 500 && outcome.status !== 429;
}
