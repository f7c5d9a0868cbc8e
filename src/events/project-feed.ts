import type { Instant } from '../domain/recurrence/schedule.js';
import type { JobChanged, RunsChanged } from '../messaging/message.js';
import type { StandingRun } from '../persistence/run-changes.repository.js';
import { idLine, jobFrame, resyncFrame, runFrame } from './event-frames.js';
import type { ResyncReason } from './event-frames.js';
import type { EventStream } from './event-stream.js';
import { HeardChanges } from './heard-changes.js';

/** What is heard in so long is read and sent together. */
const FLUSH_MS = 100;
/** When the ledger can't be read. */
const RETRY_MS = 1_000;
/** Runs read at once; of more than twice as many that wait only is said that it is busy. */
const MOST_AT_ONCE = 200;
const MOST_WAITING = 400;
/** So often at most is said that it is busy, and that messages were lost. */
const RESYNC_EVERY_MS = 5_000;

export interface FeedPort {
  now(): Instant;
  standing(runIds: readonly string[]): Promise<StandingRun[]>;
  /** `reason`: it is tried again. */
  warn(reason: string): void;
}

/**
 * What happens in one project, for those on this replica who listen. Messages name runs that changed; where they stand is read
 * from the ledger, many at once, so that whatever order messages come in no stream tells an old state after a new one.
 */
export class ProjectFeed {
  readonly readers = new Set<EventStream>();
  private readonly heard: HeardChanges;
  private waitingRuns = new Set<string>();
  private waitingJobs: JobChanged[] = [];
  private timer: NodeJS.Timeout | undefined;
  private flushing = false;
  /** Reads follow each other: what was read later must not be sent earlier. */
  private reading: Promise<void> = Promise.resolve();
  private resyncAllowedAtMs = -Infinity;
  private owed: ResyncReason | null = null;

  constructor(private readonly port: FeedPort) {
    this.heard = new HeardChanges(port.now());
  }

  /** Of what runs and jobs did, by whatever replica. */
  hear(message: RunsChanged | JobChanged): void {
    this.heard.add(message, this.port.now());
    if (this.readers.size === 0) return;
    if (message.type === 'jobChanged') this.waitingJobs.push(message);
    else for (const id of message.runIds) this.waitingRuns.add(id);
    const tooMany = this.waitingRuns.size + this.waitingJobs.length > MOST_WAITING;
    if (tooMany) this.forgetWaiting();
    if (tooMany || (message.type === 'runsChanged' && message.more)) this.owe('busy');
    this.flushSoon(FLUSH_MS);
  }

  /** Nobody knows what was said meanwhile. */
  lose(): void {
    this.heard.forget(this.port.now());
    this.owe('missed');
    this.flushSoon(FLUSH_MS);
  }

  /** All who listen are to load anew, in a while. */
  resyncAfter(delayMs: number): void {
    setTimeout(() => {
      this.owe('started');
      this.flushSoon(0);
    }, delayMs).unref();
  }

  /** From now on it is sent what happens; first what it missed since `lastSeen`, if that is known here; null: it comes anew. */
  join(reader: EventStream, lastSeen: Instant | 'unknown' | null): Promise<void> {
    return this.inTurn(() => this.welcome(reader, lastSeen));
  }

  private async welcome(reader: EventStream, lastSeen: Instant | 'unknown' | null): Promise<void> {
    if (reader.hasEnded) return;
    this.readers.add(reader);
    const now = this.port.now();
    if (lastSeen === null) reader.send(`${idLine(now)}\n`);
    else reader.send((await this.missedSince(lastSeen, now)) ?? idLine(now) + resyncFrame('missed'));
  }

  /** Null when it is not known, or can't be read. */
  private async missedSince(lastSeen: Instant | 'unknown', now: Instant): Promise<string | null> {
    const missed = lastSeen === 'unknown' ? null : this.heard.since(lastSeen, MOST_AT_ONCE);
    if (missed === null) return null;
    try {
      return framesOf(now, missed.jobs, await this.port.standing(missed.runIds));
    } catch (error) {
      this.port.warn(String(error));
      return null;
    }
  }

  /** Keeps streams open, and takes their clients' last id along: what came before needs no sending again. */
  beat(): void {
    // What waits was heard before now: an id must not pass it.
    const isBehind = this.flushing || this.timer !== undefined;
    this.sendAll(`${isBehind ? '' : idLine(this.port.now())}: \n\n`);
  }

  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.forgetWaiting();
  }

  private owe(reason: ResyncReason): void {
    this.owed ??= reason;
  }

  private forgetWaiting(): void {
    this.waitingRuns.clear();
    this.waitingJobs = [];
  }

  private flushSoon(delayMs: number): void {
    if (this.readers.size === 0 || this.flushing) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.flushing = true;
      void this.inTurn(() => this.flush());
    }, delayMs).unref();
  }

  /** `work` never throws. */
  private inTurn(work: () => Promise<void>): Promise<void> {
    this.reading = this.reading.then(work);
    return this.reading;
  }

  /** Never throws. */
  private async flush(): Promise<void> {
    let nextMs = FLUSH_MS;
    const runIds = [...this.waitingRuns].slice(0, MOST_AT_ONCE);
    const jobs = this.waitingJobs;
    const now = this.port.now();
    try {
      for (const id of runIds) this.waitingRuns.delete(id);
      this.waitingJobs = [];
      const runs = runIds.length === 0 ? [] : await this.port.standing(runIds);
      // With others that wait, all that was said until now is not sent yet: the id stays behind.
      const frames = this.waitingRuns.size === 0 ? framesOf(now, jobs, runs) : bodyOf(jobs, runs);
      if (frames !== '') this.sendAll(frames);
      this.payOwed();
    } catch (error) {
      for (const id of runIds) this.waitingRuns.add(id);
      this.waitingJobs = [...jobs, ...this.waitingJobs];
      this.port.warn(String(error));
      nextMs = RETRY_MS;
    }
    this.flushing = false;
    if (this.waitingRuns.size > 0 || this.waitingJobs.length > 0) this.flushSoon(nextMs);
    else if (this.owed !== null) this.flushSoon(Math.max(FLUSH_MS, this.resyncAllowedAtMs - performance.now()));
  }

  private payOwed(): void {
    if (this.owed === null || performance.now() < this.resyncAllowedAtMs) return;
    this.sendAll(resyncFrame(this.owed));
    this.owed = null;
    this.resyncAllowedAtMs = performance.now() + RESYNC_EVERY_MS;
  }

  private sendAll(frames: string): void {
    // Once for all: however many listen, it lies in memory once.
    const bytes = Buffer.from(frames);
    for (const reader of this.readers) reader.send(bytes);
  }
}

function bodyOf(jobs: readonly JobChanged[], runs: readonly StandingRun[]): string {
  return [...jobs.map(jobFrame), ...runs.map(runFrame)].join('');
}

/** The id comes with the last of them, and alone where there is none: all before it is there then. */
function framesOf(now: Instant, jobs: readonly JobChanged[], runs: readonly StandingRun[]): string {
  return `${bodyOf(jobs, runs)}${idLine(now)}\n`;
}
