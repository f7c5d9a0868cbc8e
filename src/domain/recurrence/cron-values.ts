import type { CronField, CronItem } from './cron-expression.js';
import { hash32 } from './hash.js';

/** The plain values that a field names, ascending, with `H` resolved for the seed. Month-dependent items add none. */
export function valuesOf(field: CronField, min: number, max: number, seed: string): number[] {
  const [only] = field.items;
  if (field.items.length === 1 && only?.kind === 'hash' && only.step === null) return [hashedStart(only, field, seed)];
  const chosen = new Set<number>();
  const add = (from: number, to: number, step: number): void => {
    for (let value = from; value <= to; value += step) chosen.add(value);
  };
  for (const item of field.items) {
    if (item.kind === 'every') add(min, max, item.step ?? 1);
    if (item.kind === 'range') add(item.from, item.to, item.step ?? 1);
    if (item.kind === 'hash') {
      const start = hashedStart(item, field, seed);
      add(start, item.step === null ? start : item.to, item.step ?? 1);
    }
  }
  return [...chosen].sort((a, b) => a - b);
}

/** Whether a field's values depend on the seed. */
export function usesHash(field: CronField): boolean {
  return field.items.some((item) => item.kind === 'hash');
}

/** A field of a "fixed time" (Vixie cron's word for a time without wildcard): neither `*` nor a step. */
export function isFixed(field: CronField): boolean {
  return field.items.every((item) => item.kind !== 'every' && (!('step' in item) || item.step === null));
}

/** Jenkins: one value of the range, or with a step one of its first values, so that the steps fill the range. */
function hashedStart(item: Extract<CronItem, { kind: 'hash' }>, field: CronField, seed: string): number {
  const span = item.to - item.from + 1;
  return item.from + (hash32(`${seed}:${field.name}`) % Math.min(item.step ?? span, span));
}
