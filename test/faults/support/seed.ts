/** Draws that can be had again: the same seed gives the same schedule of faults. */
export class Random {
  private state: number;

  constructor(readonly seed: number) {
    this.state = seed | 0;
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    // mulberry32
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  }

  /** A whole number in [from, to]. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  pick<Choice>(choices: readonly Choice[]): Choice {
    if (choices.length === 0) throw new Error('there is nothing to pick from');
    return choices[this.below(choices.length)] as Choice;
  }

  chance(probability: number): boolean {
    return this.below(1_000_000) < probability * 1_000_000;
  }

  shuffle<Item>(items: readonly Item[]): Item[] {
    const shuffled = [...items];
    for (let last = shuffled.length - 1; last > 0; last -= 1) {
      const other = this.below(last + 1);
      [shuffled[last], shuffled[other]] = [shuffled[other] as Item, shuffled[last] as Item];
    }
    return shuffled;
  }
}

/** The run's seed; FAULT_SEED repeats an earlier run. */
const RUN_SEED = Number(process.env['FAULT_SEED'] ?? Date.now() % 1_000_000_000);

/** `scripts/faults.mjs` sets it: more rounds, longer faults. */
export const IS_LONG = process.env['FAULT_FORM'] === 'long';

/** Of the long form so much, of the short one (for CI) so little. */
export function amount<Value>(short: Value, long: Value): Value {
  return IS_LONG ? long : short;
}

export function runSeed(): number {
  return RUN_SEED;
}

/** Each scenario draws for itself, so that one that is replayed alone sees the faults that it saw among the others. */
export function randomFor(scenario: string): Random {
  let hash = RUN_SEED | 0;
  for (const character of scenario) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) | 0;
  return new Random(hash);
}
