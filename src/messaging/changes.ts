import type { JobChange, Message } from './message.js';

/** How long a word that somebody listens holds; whoever listens says it again each quarter of it. */
export const WANTED_MS = 20_000;

/** Changes of so long travel together. */
const GATHER_MS = 200;
/** Named in one message, of a project and of all; beyond it only that there were more is said. */
const MOST_IDS = 200;
const MOST_IDS_OF_ALL = 1_000;
/** Of a project in which too much happens to be named: so often that is said, and nothing else is gathered of it. */
const BUSY_MS = 2_000;
const MOST_PROJECTS = 1_000;

interface Gathered {
  readonly runIds: Set<string>;
  more: boolean;
  /** On the monotonic clock: when it is to be told. */
  tellAtMs: number;
}

/** What a sender of messages is to this. */
interface Channel {
  publish(message: Message): void;
  subscribe(listener: (message: Message) => void): void;
}

/**
 * Tells all replicas which runs and jobs changed, as long as somebody listens to events of their project. It lies on the way of
 * every run: where nobody listens it costs the look at an empty map; where somebody does, an id in a set, and a message for
 * hundreds of runs five times a second; where thousands of runs a second are listened to, a word that it is busy. Nothing waits
 * for it. What dies with the replica before it was told is found by who loads anew.
 */
export class Changes {
  /** By project: until when, on the monotonic clock. */
  private readonly wanted = new Map<string, number>();
  private readonly gathered = new Map<string, Gathered>();
  private ids = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly channel: Channel) {
    channel.subscribe((message) => {
      if (message.type === 'eventsWanted') this.want(message.projectIds);
    });
  }

  /** Nobody listens to anything, as far as is known here. */
  get quiet(): boolean {
    return this.wanted.size === 0;
  }

  runsOf(runs: readonly { readonly id: string; readonly projectId: string }[]): void {
    if (this.quiet) return;
    const nowMs = performance.now();
    for (const { id, projectId } of runs) if (this.isWanted(projectId, nowMs)) this.gather(projectId, id, nowMs);
  }

  runs(projectId: string, runIds: readonly string[]): void {
    if (this.quiet) return;
    const nowMs = performance.now();
    if (this.isWanted(projectId, nowMs)) for (const id of runIds) this.gather(projectId, id, nowMs);
  }

  job(projectId: string, jobId: string, name: string, change: JobChange): void {
    if (this.quiet || !this.isWanted(projectId, performance.now())) return;
    this.channel.publish({ type: 'jobChanged', projectId, jobId, name, change });
  }

  private want(projectIds: readonly string[]): void {
    const untilMs = performance.now() + WANTED_MS;
    for (const projectId of projectIds) {
      this.wanted.delete(projectId); // so that the map stays in order of age
      this.wanted.set(projectId, untilMs);
    }
    for (const [oldest] of this.wanted) {
      if (this.wanted.size <= MOST_PROJECTS) break;
      this.wanted.delete(oldest);
    }
  }

  private isWanted(projectId: string, nowMs: number): boolean {
    const untilMs = this.wanted.get(projectId);
    if (untilMs === undefined) return false;
    if (untilMs > nowMs) return true;
    this.wanted.delete(projectId);
    return false;
  }

  private gather(projectId: string, runId: string, nowMs: number): void {
    let entry = this.gathered.get(projectId);
    if (entry === undefined) {
      entry = { runIds: new Set(), more: false, tellAtMs: nowMs + GATHER_MS };
      this.gathered.set(projectId, entry);
      this.timer ??= setTimeout(() => this.tell(), GATHER_MS).unref();
    }
    if (entry.more || entry.runIds.has(runId)) return;
    if (entry.runIds.size < MOST_IDS && this.ids < MOST_IDS_OF_ALL) {
      entry.runIds.add(runId);
      this.ids += 1;
      return;
    }
    this.ids -= entry.runIds.size;
    entry.runIds.clear();
    entry.more = true;
    entry.tellAtMs = nowMs + BUSY_MS;
  }

  private tell(): void {
    this.timer = undefined;
    // Timers may be a little early.
    const nowMs = performance.now() + 5;
    for (const [projectId, { runIds, more, tellAtMs }] of this.gathered) {
      if (tellAtMs > nowMs) continue;
      this.gathered.delete(projectId);
      this.ids -= runIds.size;
      this.channel.publish({ type: 'runsChanged', projectId, runIds: [...runIds], more });
    }
    if (this.gathered.size > 0) this.timer = setTimeout(() => this.tell(), GATHER_MS).unref();
  }
}
