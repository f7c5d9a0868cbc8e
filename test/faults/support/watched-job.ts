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

export interface Watching {
  readonly misfire?: Partial<Misfire>;
  /** Default `allow`. */
  readonly overlap?: Overlap;
  /** Its runs may fail or be cancelled: its target fails on purpose, or somebody cancels. */
  readonly mayFail?: boolean;
}

/** A stretch of time under one schedule; under none (null) nothing may be planned. */
interface Stretch {
  readonly rhythm: Rhythm | null;
  readonly begins: Bracket;
}

/** A job whose every occurrence is accounted for at the end. */
export class WatchedJob {
  readonly misfire: Misfire;
  readonly overlap: Overlap;
  readonly mayFail: boolean;
  /** Its waiting runs were cancelled with it. */
  isDeleted = false;
  private readonly stretches: Stretch[];

  constructor(
    readonly id: string,
    readonly name: string,
    begins: Bracket,
    rhythm: Rhythm,
    { misfire = {}, overlap = 'allow', mayFail = false }: Watching = {},
  ) {
    this.misfire = { ...DEFAULT_MISFIRE, ...misfire };
    this.overlap = overlap;
    this.mayFail = mayFail;
    this.stretches = [{ rhythm, begins }];
  }

  /** From this moment on another schedule holds; null: paused for good, or deleted. What is due at it is still the old one's. */
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
      for (const at of rhythm.occurrences(begins.earliest, ends.latest)) {
        const must = at > begins.latest && at <= ends.earliest;
        found.set(at, must || found.get(at) === true);
      }
    }
    return new Map([...found].sort(([a], [b]) => a - b));
  }
}
