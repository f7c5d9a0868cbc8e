import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { WANTED_MS } from '../messaging/changes.js';
import type { Message } from '../messaging/message.js';
import { Messages } from '../messaging/messages.js';
import { RunChangesRepository } from '../persistence/run-changes.repository.js';
import { Clock } from '../platform/clock.js';
import { instantOfEventId } from './event-frames.js';
import type { EventStream } from './event-stream.js';
import { ProjectFeed } from './project-feed.js';

const MOST_FEEDS = 1_000;
/** Until all replicas know that somebody listens: what happened before may have been told to nobody. */
const STARTED_MS = 1_500;

interface Entry {
  readonly feed: ProjectFeed;
  /** On the monotonic clock: nobody listens any more, on whatever replica. */
  untilMs: number;
}

/**
 * The feeds of projects to whose events somebody listens, here or on another replica: this one keeps what was said for those too
 * whose streams were elsewhere until now.
 */
@Injectable()
export class EventFeeds implements OnModuleDestroy {
  private readonly logger = new Logger('Events');
  private readonly entries = new Map<string, Entry>();
  private readonly renewal = setInterval(() => this.renew(), WANTED_MS / 4).unref();

  constructor(
    private readonly messages: Messages,
    private readonly runs: RunChangesRepository,
    private readonly clock: Clock,
  ) {
    messages.subscribe((message) => this.hear(message));
  }

  onModuleDestroy(): void {
    clearInterval(this.renewal);
    for (const { feed } of this.entries.values()) feed.close();
  }

  async join(stream: EventStream, lastEventId: string | null): Promise<void> {
    const { projectId } = stream.owner;
    const isNew = (this.entries.get(projectId)?.untilMs ?? 0) < performance.now();
    const { feed } = this.entryOf(projectId);
    const isFirst = feed.readers.size === 0;
    const lastSeen = lastEventId === null ? null : (instantOfEventId(lastEventId) ?? 'unknown');
    const joined = feed.join(stream, lastSeen);
    if (isFirst) this.messages.publish({ type: 'eventsWanted', projectIds: [projectId] });
    if (isNew) feed.resyncAfter(STARTED_MS);
    await joined;
  }

  leave(stream: EventStream): void {
    this.entries.get(stream.owner.projectId)?.feed.readers.delete(stream);
  }

  beat(): void {
    for (const { feed } of this.entries.values()) feed.beat();
  }

  private hear(message: Message): void {
    if (message.type === 'eventsWanted') for (const projectId of message.projectIds) this.entryOf(projectId);
    else if (message.type === 'runsChanged' || message.type === 'jobChanged') {
      this.entries.get(message.projectId)?.feed.hear(message);
    } else if (message.type === 'messagesLost') for (const { feed } of this.entries.values()) feed.lose();
  }

  /** Somebody listens from now on for a while. */
  private entryOf(projectId: string): Entry {
    const nowMs = performance.now();
    const known = this.entries.get(projectId);
    // The word had lapsed, as when this process was frozen: nobody told anything meanwhile.
    if (known !== undefined && known.untilMs < nowMs) known.feed.lose();
    const entry = known ?? { feed: this.newFeed(projectId), untilMs: 0 };
    entry.untilMs = nowMs + WANTED_MS;
    this.entries.delete(projectId); // so that the map stays in order of age
    this.entries.set(projectId, entry);
    if (this.entries.size > MOST_FEEDS) this.dropIdle(Infinity, 1);
    return entry;
  }

  private newFeed(projectId: string): ProjectFeed {
    return new ProjectFeed({
      now: () => this.clock.now(),
      standing: (runIds) => this.runs.standing(projectId, runIds),
      warn: (reason) => this.logger.warn(`events wait for the ledger and are tried again: ${reason}`),
    });
  }

  private renew(): void {
    const projectIds = [...this.entries].filter(([, { feed }]) => feed.readers.size > 0).map(([id]) => id);
    if (projectIds.length > 0) this.messages.publish({ type: 'eventsWanted', projectIds });
    this.dropIdle(performance.now(), Infinity);
  }

  /** The oldest first, up to `most`; none that somebody here listens to. */
  private dropIdle(beforeMs: number, most: number): void {
    let left = most;
    for (const [projectId, { feed, untilMs }] of this.entries) {
      if (left === 0) return;
      if (feed.readers.size > 0 || untilMs > beforeMs) continue;
      feed.close();
      this.entries.delete(projectId);
      left -= 1;
    }
  }
}
