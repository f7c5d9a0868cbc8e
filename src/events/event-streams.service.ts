import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { mayActAs } from '../domain/access.js';
import { Problem } from '../domain/errors.js';
import { Lifecycle } from '../platform/health/lifecycle.js';
import { Identification } from '../platform/identification.js';
import { Metrics } from '../platform/metrics.js';
import { EventFeeds } from './event-feeds.service.js';
import { RETRY_FRAME } from './event-frames.js';
import { EventStream } from './event-stream.js';
import type { Owner } from './event-stream.js';

/** On one replica. */
const MOST_OF_SENDER = 10;
const MOST_OF_PROJECT = 100;
const MOST = 500;
const RETRY_SECONDS = 10;

const BEAT_MS = 15_000;
/** A revoked key is forgotten after 0.8 s at the latest: with this its streams end within a second. */
const CHECK_MS = 150;
/** Tokens end and are not revoked, and to verify one costs more: each so many looks. */
const CHECK_TOKENS_EVERY = 6;
/** Looks without an answer: who nobody can tell about for a second is here no more. Counted, for a process may stand still. */
const MOST_UNANSWERED = 7;

interface Check {
  readonly streams: EventStream[];
  readonly owner: Owner;
}

/** The open streams of this replica: how many there may be, who may still have one, and their end. */
@Injectable()
export class EventStreams implements OnModuleDestroy {
  private readonly streams = new Set<EventStream>();
  /** By whose stream it is: looks since it was last known to be allowed. */
  private readonly looks = new Map<string, number>();
  private readonly checking = new Set<string>();
  private readonly timers: readonly NodeJS.Timeout[];

  constructor(
    private readonly feeds: EventFeeds,
    private readonly identification: Identification,
    private readonly lifecycle: Lifecycle,
    private readonly metrics: Metrics,
  ) {
    this.timers = [
      setInterval(() => this.feeds.beat(), BEAT_MS).unref(),
      setInterval(() => this.check(), CHECK_MS).unref(),
    ];
  }

  onModuleDestroy(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.endAll();
  }

  /** Before the answer begins: throws a Problem where there may be no more of them. */
  refuseTooMany({ projectId, sender }: Owner): void {
    if (this.lifecycle.phase === 'stopping') throw new Problem('unavailable', 'this replica is stopping', [], 1);
    const all = [...this.streams];
    const ofProject = all.filter(({ owner }) => owner.projectId === projectId);
    const ofSender = ofProject.filter(({ owner }) => owner.sender === sender);
    const isFull = all.length >= MOST || ofProject.length >= MOST_OF_PROJECT || ofSender.length >= MOST_OF_SENDER;
    if (!isFull) return;
    const detail =
      `there may be ${MOST_OF_SENDER} streams of one sender and ${MOST_OF_PROJECT} of a project on one replica: close one, ` +
      'or ask for lists every few seconds instead';
    throw new Problem('too_many_streams', detail, [], RETRY_SECONDS);
  }

  async open(owner: Owner, raw: ServerResponse, lastEventId: string | null): Promise<void> {
    const stream = new EventStream(owner, raw, (ended) => this.forget(ended));
    this.streams.add(stream);
    this.metrics.eventStreams.set(this.streams.size);
    this.looks.set(idOf(owner), 0);
    stream.send(RETRY_FRAME);
    await this.feeds.join(stream, lastEventId);
  }

  private forget(stream: EventStream): void {
    this.feeds.leave(stream);
    this.streams.delete(stream);
    this.metrics.eventStreams.set(this.streams.size);
    const id = idOf(stream.owner);
    if (![...this.streams].some(({ owner }) => idOf(owner) === id)) this.looks.delete(id);
  }

  private endAll(): void {
    for (const stream of this.streams) {
      this.feeds.leave(stream);
      stream.end();
    }
  }

  /** Of streams with the same credentials once. */
  private check(): void {
    if (this.lifecycle.phase === 'stopping') return this.endAll();
    const checks = new Map<string, Check>();
    for (const stream of this.streams) {
      const id = idOf(stream.owner);
      const check = checks.get(id);
      if (check === undefined) checks.set(id, { streams: [stream], owner: stream.owner });
      else check.streams.push(stream);
    }
    for (const [id, check] of checks) void this.checkOne(id, check);
  }

  /** Never throws. */
  private async checkOne(id: string, { streams, owner }: Check): Promise<void> {
    const looks = (this.looks.get(id) ?? 0) + 1;
    this.looks.set(id, looks);
    const everyLooks = owner.byToken ? CHECK_TOKENS_EVERY : 1;
    if (looks >= everyLooks + MOST_UNANSWERED) endEach(streams);
    if (looks < everyLooks || this.checking.has(id)) return;
    this.checking.add(id);
    try {
      const { projectId, role } = await this.identification.identify(owner.credentials);
      if (projectId !== owner.projectId || !mayActAs(role, 'viewer')) endEach(streams);
      else if (this.looks.has(id)) this.looks.set(id, 0);
    } catch (error) {
      // Anything else is the database's not answering: it has a second.
      if (error instanceof Problem && error.code !== 'unavailable') endEach(streams);
    } finally {
      this.checking.delete(id);
    }
  }
}

function endEach(streams: readonly EventStream[]): void {
  for (const stream of streams) stream.end();
}

function idOf({ credentials: { authorization = '', project = '' } }: Owner): string {
  return `${authorization}\n${project}`;
}
