import { Injectable, Logger } from '@nestjs/common';
import { Queue, Worker } from 'bullmq';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { RedisConnection } from '../platform/redis.js';
import { withTimeLimit } from '../platform/time-limit.js';
import { Gathering } from './gathering.js';
import { LedgerRunQueue } from './ledger-run-queue.js';
import { RunQueue } from './run-queue.js';
import type { QueuedRun, RunIntake } from './run-queue.js';

export interface BullMqConnections {
  /** Fails fast: a producer must not wait for a Redis that is away. */
  readonly producer: RedisConnection;
  /** Keeps trying, without a limit of retries, as BullMQ's worker needs it. */
  readonly consumer: RedisConnection;
}

const QUEUE_NAME = 'runs';
/** In braces, so that all keys of the queue lie in one slot of a cluster. */
export const QUEUE_PREFIX = '{carillon}';

/** Runs carried by one BullMQ job at most: its cost a run all but disappears under load. */
const RUNS_A_JOB = 64;

/** BullMQ jobs that one worker takes at a time; each is done as soon as its runs are claimed. */
const WORKER_JOBS = 8;

/** A first attempt that still waits after this was lost by the queue, or its Redis is away: the ledger delivers it. */
const LEFT_TO_QUEUE_MS = 2_000;

const ENQUEUE_LIMIT_MS = 1_000;

const PROBE_AFTER_MS = 2_000;

/** BullMQ's own default of 15 s would also be how long a stopped worker's last timer outlives it. */
const RETRY_MS = 1_000;

/**
 * Carries run ids through BullMQ from whichever replica plans to any worker. Redis holds nothing but hints: retries, lost
 * hints and everything while Redis is away are delivered from the ledger.
 */
@Injectable()
export class BullMqRunQueue extends RunQueue {
  private readonly logger = new Logger(BullMqRunQueue.name);
  private readonly queue: Queue<string[]>;
  private readonly copies: readonly RedisConnection[];
  private worker: Worker<string[]> | null = null;
  private away = false;
  /** What the log said last; null before its first word, so that a Redis that was never there is told of too. */
  private announced: boolean | null = null;

  constructor(
    private readonly connections: BullMqConnections,
    private readonly ledger: LedgerRunQueue,
  ) {
    super();
    this.copies = copiesOf(connections.consumer);
    this.queue = new Queue<string[]>(QUEUE_NAME, {
      connection: connections.producer,
      prefix: QUEUE_PREFIX,
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true, attempts: 1 },
    });
    this.queue.on('error', (error) => this.logger.debug(`queue: ${error.message}`));
    this.followConnection();
  }

  async enqueue(runs: readonly QueuedRun[]): Promise<void> {
    if (runs.length === 0) return;
    if (this.away) return this.ledger.enqueue(runs);
    const jobs: { name: string; data: string[] }[] = [];
    for (let start = 0; start < runs.length; start += RUNS_A_JOB) {
      jobs.push({ name: 'runs', data: runs.slice(start, start + RUNS_A_JOB).map((run) => run.id) });
    }
    try {
      await withTimeLimit(this.queue.addBulk(jobs), ENQUEUE_LIMIT_MS);
    } catch (error) {
      // Perhaps queued all the same: a run that is claimed twice is started once.
      this.logger.warn(`Redis took no runs; they are delivered from the ledger: ${String(error)}`);
      this.setAway(true);
      await this.ledger.enqueue(runs);
    }
  }

  wakeAt(at: Instant): void {
    this.ledger.wakeAt(at);
  }

  async consume(intake: RunIntake): Promise<void> {
    this.ledger.leaveToQueue(this.away ? 0 : LEFT_TO_QUEUE_MS);
    await this.ledger.consume(intake);
    const claims = new Gathering<string>((ids) => intake.claimByIds(ids));
    this.worker = new Worker<string[]>(QUEUE_NAME, (job) => claims.add(job.data), {
      connection: this.connections.consumer,
      prefix: QUEUE_PREFIX,
      concurrency: WORKER_JOBS,
      runRetryDelay: RETRY_MS,
    });
    this.worker.on('error', (error) => this.logger.debug(`worker: ${error.message}`));
    this.worker.on('failed', (_job, error) => {
      this.logger.warn(`runs from the queue could not be claimed; the ledger delivers them: ${error.message}`);
    });
  }

  async stop(): Promise<void> {
    // A Redis that is away must not keep the process from ending.
    if (this.worker !== null) await withTimeLimit(this.worker.close(this.away), 1_000).catch(() => undefined);
    await this.ledger.stop();
  }

  override async disconnect(): Promise<void> {
    await withTimeLimit(this.queue.close(), 500).catch(() => undefined);
    const { producer, consumer } = this.connections;
    for (const connection of [producer, consumer, ...this.copies]) connection.disconnect();
  }

  override get degraded(): boolean {
    return this.away;
  }

  private followConnection(): void {
    const { producer } = this.connections;
    producer.on('error', (error: Error) => this.logger.debug(`Redis: ${error.message}`));
    this.connections.consumer.on('error', (error: Error) => this.logger.debug(`Redis: ${error.message}`));
    producer.on('ready', () => this.setAway(false));
    producer.on('close', () => this.setAway(true));
    this.away = producer.status !== 'ready';
  }

  private setAway(away: boolean): void {
    if (away !== this.announced) {
      this.announced = away;
      if (away) this.logger.warn('Redis is away; runs are delivered from the ledger');
      else this.logger.log('Redis is there and carries runs');
    }
    if (away === this.away) return;
    this.away = away;
    this.ledger.leaveToQueue(away ? 0 : LEFT_TO_QUEUE_MS);
    if (away) this.probeLater();
  }

  /** Failed though connected (frozen, out of memory): a look at the queue's own keys finds out when it is well again, not the next tick's runs. */
  private probeLater(): void {
    if (this.connections.producer.status === 'ready') setTimeout(() => void this.probe(), PROBE_AFTER_MS).unref();
  }

  private async probe(): Promise<void> {
    const { producer } = this.connections;
    if (!this.away || producer.status !== 'ready') return;
    try {
      await withTimeLimit(producer.exists(`${QUEUE_PREFIX}:${QUEUE_NAME}:meta`), ENQUEUE_LIMIT_MS);
      this.setAway(false);
    } catch {
      this.probeLater();
    }
  }
}

/**
 * What BullMQ makes of a connection for its blocking reads, from now on. It closes a copy only after Redis has greeted it: a Redis
 * that froze before would keep the process.
 */
function copiesOf(connection: RedisConnection): readonly RedisConnection[] {
  const copies: RedisConnection[] = [];
  const duplicate = connection.duplicate.bind(connection) as (...options: unknown[]) => RedisConnection;
  connection.duplicate = (...options: unknown[]) => {
    const copy = duplicate(...options);
    copies.push(copy);
    return copy as never;
  };
  return copies;
}
