import { appendFileSync } from 'node:fs';
import type { Audit } from './audit.js';

/** One line of the table in docs/reliability.md. */
export interface Result extends Omit<Audit, 'broken'> {
  readonly scenario: string;
  readonly seed: number;
  readonly form: 'short' | 'long';
  readonly tookMs: number;
  /** Largest resident memory of a replica that was seen, in MB; null when it was not watched. */
  readonly memoryMb: number | null;
  readonly notes: readonly string[];
  readonly broken: number;
}

/** Kept for scripts/faults.mjs, which prints the table; without it the test's own output has the line. */
export function report(result: Result): void {
  const file = process.env['FAULT_RESULTS'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(result)}\n`);
  const { p50, p99, max } = result.latenessMs;
  const ms = (value: number): string => `${Math.round(value)}`;
  process.stderr.write(
    `  ${result.scenario}: seed ${result.seed}, ${result.occurrences} occurrences, ${result.missing} missing, ` +
      `${result.doubled} doubled, ${result.early} early; lateness ${ms(p50)} / ${ms(p99)} / ${ms(max)} ms (p50, p99, max), ` +
      `longest gap ${ms(result.longestGapMs)} ms, ${result.repeats} repeats, ${result.reigns} reigns; ${ms(result.tookMs / 1_000)} s\n` +
      result.notes.map((note) => `    ${note}\n`).join(''),
  );
}
