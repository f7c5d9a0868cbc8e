import type { Bracket } from './database-time.js';
import type { Rhythm } from './rhythm.js';

export type Overlap = 'allow' | 'skip' | 'queueOne' | 'queueAll' | 'cancelRunning';

/** As in API.md; times in milliseconds. */
export interface Misfire {
  readonly policy: 'skip' | 'runLast' | 'runAll';
  readonly graceMs: number;
  readonly withinMs: number;
  readonly limit: number;
}

export const DEFAULT_MISFIRE: Misfire = { policy: 'runLast', graceMs: 10_000, withinMs: 3_600_000, limit: 100 };

/**
 * The service's clock may lag behind the database's by the way of an answer, never run ahead: what falls so close to an edit
 * or a pause may be on either side of it.
 */
const CLOCK_LAG_MS = 250;

/** A stretch of time under one schedule; under none (null) nothing may be planned. */
interface Stretch {
  readonly rhythm: Rhythm | null;
  readonly begins: Bracket;
}

/** A job whose every occurrence is accounted for at the end. */
export class WatchedJob {
  readonly misfire: Misfire;
  /** Its waiting runs were cancelled with it. */
  isDeleted = false;
  private readonly stretches: Stretch[];

  constructor(
    readonly id: string,
    readonly name: string,
    begins: Bracket,
    rhythm: Rhythm,
    misfire: Partial<Misfire> = {},
    readonly overlap: Overlap = 'allow',
    /** Its runs may fail or be cancelled: its target fails on purpose, or somebody cancels. */
    readonly mayFail = false,
  ) {
    this.misfire = { ...DEFAULT_MISFIRE, ...misfire };
    this.stretches = [{ rhythm, begins }];
  }

  /** From a moment between the request and its answer on, another schedule holds; null: paused for good, or deleted. */
  change(rhythm: Rhythm | null, within: Bracket): void {
    this.stretches.push({ rhythm, begins: within });
  }

  get hasEnded(): boolean {
    return this.stretches.at(-1)?.rhythm === null;
  }

  /** Every instant that may have a run, ascending; true for those that must. Only of a job that has ended. */
  get expected(): ReadonlyMap<number, boolean> {
    if (!this.hasEnded) throw new Error(`${this.name} is not paused or deleted yet`);
    const found = new Map<number, boolean>();
    for (const [index, { rhythm, begins }] of this.stretches.entries()) {
      const ends = this.stretches[index + 1]?.begins;
      if (rhythm === null || ends === undefined) continue;
      for (const at of rhythm.occurrences(begins.earliest - CLOCK_LAG_MS, ends.latest)) {
        const must = at > begins.latest && at <= ends.earliest - CLOCK_LAG_MS;
        found.set(at, must || found.get(at) === true);
      }
    }
    return new Map([...found].sort(([a], [b]) => a - b));
  }
}
