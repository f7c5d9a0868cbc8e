import type { Unit } from './lexicon.js';
import type { DateWords, DaySpec, MonthDays, Weekdays } from './days.js';
import { ambiguous } from './refusal.js';
import type { TimeOfDay, Window } from './time-of-day.js';
import type { Span } from './tokenizer.js';

export interface LengthPart {
  readonly count: number;
  readonly unit: Unit;
}

/** `every 90 minutes`, `every other day`, `every month`, `hourly`. */
export interface Every {
  readonly parts: readonly LengthPart[];
  /** A length that is counted from the job's creation (`every 2 days`); else from full units (`every other day`). */
  readonly isLength: boolean;
  readonly span: Span;
}

/** `twice a day`: so many times or days have to be named. */
export interface Per {
  readonly times: number;
  readonly unit: Unit;
  readonly span: Span;
}

/** `in 20 minutes`. */
export interface Delay {
  readonly parts: readonly LengthPart[];
  readonly span: Span;
}

interface Said<T> {
  readonly value: T;
  readonly span: Span;
}

/** What the clauses of a phrase said, before it is known whether they make one schedule together. */
export interface Draft {
  every?: Every;
  per?: Per;
  times?: Said<readonly TimeOfDay[]>;
  minutesPast?: Said<readonly number[]>;
  window?: Window;
  weekdays?: Weekdays;
  monthDays?: MonthDays;
  months?: Said<readonly number[]> & {
    /** `every January`: a day of it. */
    readonly isEvery: boolean;
    /** `only in January`, `June to August`: a part of the year, on all of whose days a time alone is meant. */
    readonly isSpan: boolean;
  };
  date?: DateWords;
  /** `tomorrow`, `next Friday`. */
  day?: Said<DaySpec>;
  delay?: Delay;
  /** `starting 1 March`. */
  starting?: Said<DaySpec>;
  /** `once at …`. */
  once?: Said<true>;
  zone?: Said<string>;
}

/** Keeps what a clause said; refuses what was said before. */
export function say<K extends keyof Draft>(draft: Draft, name: K, value: NonNullable<Draft[K]>): void {
  const before = draft[name];
  if (before !== undefined) {
    ambiguous(value.span, 'says again what was said before: one schedule takes one of each', []);
  }
  draft[name] = value;
}

/** Refuses whatever was said beside `allowed`. */
export function refuseOthers(draft: Draft, allowed: readonly (keyof Draft)[], what: string): void {
  for (const [name, said] of Object.entries(draft) as [keyof Draft, { span: Span }][]) {
    if (name === 'zone' || allowed.includes(name)) continue;
    ambiguous(said.span, `does not go with ${what}`, []);
  }
}
