import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { Metrics } from './metrics.js';

/** What time it is, for everything that is decided by time. */
export abstract class Clock {
  /** Epoch milliseconds, never ahead of the database's clock. */
  abstract now(): Instant;
  /** This host's own clock minus the clock in use, in milliseconds. */
  abstract readonly offsetMs: number;
  /** Reads the database's clock anew, for what must not go by an old reading. */
  abstract sync(): Promise<void>;
  /**
   * False when `databaseAt`, which the database answered to something asked at `askedAt`, shows that this clock is wrong: the
   * database's was set, or another server answers now.
   */
  abstract agrees(databaseAt: Instant, askedAt: Instant): boolean;

  private readonly listeners: (() => void)[] = [];

  /** `listener` is called when this clock was set: timers that were armed by it before are wrong. */
  onSet(listener: () => void): void {
    this.listeners.push(listener);
  }

  protected wasSet(): void {
    for (const listener of this.listeners) listener();
  }
}

const SYNC_EVERY_MS = 10_000;
const SAMPLES = 4;
/** Time never runs backwards by less than this: it stands still until the database has caught up. */
const LARGEST_HOLD_MS = 1_000;
const WARN_BEYOND_MS = 1_000;
/** What the database says may lie beside what is known by as much: leases are longer. */
const AGREES_WITHIN_MS = 1_000;
/** An answer that took longer than this is weighed against what is known already. */
const SLOW_MS = 10;
/** Nothing is known for longer than this: clocks drift. */
const KNOWN_FOR_MS = 60_000;

interface Sample {
  /** Of the database, when it answered. */
  readonly databaseAt: number;
  /** On the monotonic clock, when the answer was here. */
  readonly receivedAtMs: number;
  readonly roundTripMs: number;
  /** The host's clock at the same moment. */
  readonly hostAt: number;
}

/**
 * The database's clock, read without asking it each time: the last answer plus what has passed on the monotonic clock
 * since it came. It lags by the way back of that answer (well under a millisecond nearby) and is never ahead, and steps
 * of the host's clock don't touch it.
 */
@Injectable()
export class DatabaseClock extends Clock implements OnApplicationShutdown {
  private readonly logger = new Logger('Clock');
  private base: Sample | null = null;
  private latest = 0;
  private warned = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly dataSource: Pick<DataSource, 'query'>,
    private readonly metrics: Pick<Metrics, 'clockOffset'>,
  ) {
    super();
  }

  /** To be awaited before anyone asks for the time. */
  async start(): Promise<void> {
    await this.sync();
    this.timer = setInterval(() => {
      // The old answer serves on: over minutes the two clocks drift apart by a fraction of a millisecond only.
      this.sync().catch((error: unknown) => this.logger.debug(`the database's clock was not read: ${String(error)}`));
    }, SYNC_EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  now(): Instant {
    const { base } = this;
    if (base === null) throw new Error('the clock was read before it was set');
    const reading = Math.floor(base.databaseAt + performance.now() - base.receivedAtMs);
    if (reading >= this.latest || this.latest - reading > LARGEST_HOLD_MS) this.latest = reading;
    return this.latest;
  }

  agrees(databaseAt: Instant, askedAt: Instant): boolean {
    return databaseAt >= askedAt - AGREES_WITHIN_MS && databaseAt <= this.now() + AGREES_WITHIN_MS;
  }

  get offsetMs(): number {
    return this.base === null ? 0 : Math.round(this.base.hostAt - this.base.databaseAt);
  }

  /** Of a few answers the quickest counts: its way back, the only error, is the shortest. */
  async sync(): Promise<void> {
    let best = await this.sample();
    for (let taken = 1; taken < SAMPLES; taken += 1) {
      const sample = await this.sample();
      if (sample.roundTripMs < best.roundTripMs) best = sample;
    }
    const { base } = this;
    if (!this.isKnownBetter(best)) this.base = best;
    this.metrics.clockOffset.set(this.offsetMs / 1_000);
    this.warnOfOffset();
    if (base !== null && Math.abs(movedMs(base, this.base ?? base)) > AGREES_WITHIN_MS) this.wasSet();
  }

  /** In a slow spell a new answer may only say that the old one can still be right; taking it would make every plan late. */
  private isKnownBetter(sample: Sample): boolean {
    if (this.base === null || sample.roundTripMs <= SLOW_MS) return false;
    const passedMs = sample.receivedAtMs - this.base.receivedAtMs;
    const ahead = this.base.databaseAt + passedMs - sample.databaseAt;
    return passedMs <= KNOWN_FOR_MS && ahead >= 0 && ahead <= sample.roundTripMs;
  }

  private async sample(): Promise<Sample> {
    const sentAtMs = performance.now();
    const [row] = await this.dataSource.query<[{ at: number }]>(
      'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at',
    );
    const receivedAtMs = performance.now();
    return { databaseAt: row.at, receivedAtMs, roundTripMs: receivedAtMs - sentAtMs, hostAt: Date.now() };
  }

  private warnOfOffset(): void {
    const far = Math.abs(this.offsetMs) > WARN_BEYOND_MS;
    if (far === this.warned) return;
    this.warned = far;
    const seconds = (Math.abs(this.offsetMs) / 1_000).toFixed(1);
    const direction = this.offsetMs > 0 ? 'ahead of' : 'behind';
    if (far) {
      this.logger.warn(
        `this host's clock is ${seconds} s ${direction} the database's; Carillon goes by the database's: check NTP on both`,
      );
    } else this.logger.log("this host's clock agrees with the database's again");
  }
}

/** How far the database's clock was set between two answers. */
function movedMs(before: Sample, after: Sample): number {
  return after.databaseAt - before.databaseAt - (after.receivedAtMs - before.receivedAtMs);
}
