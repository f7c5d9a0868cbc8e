import type { ScheduleProblem, ScheduleProblemCode, WordsFault } from './schedule.js';

const MAX_QUOTED = 50;
const MAX_PROBLEMS = 20;

/** Collects refusals. It keeps the first twenty: hostile input must not turn into a large answer. */
export class ProblemList {
  readonly problems: ScheduleProblem[] = [];

  add(pointer: string, code: ScheduleProblemCode, detail: string, words: WordsFault = {}): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ pointer, code, detail, ...words });
  }

  get isFull(): boolean {
    return this.problems.length >= MAX_PROBLEMS;
  }
}

/** Names a text at fault: in quotes, at most 50 characters of it, with everything outside printable ASCII escaped. */
export function quote(text: string): string {
  return `"${cleanText(text)}${text.length > MAX_QUOTED ? '…' : ''}"`;
}

/** Names any value at fault; a number or boolean as itself, the rest by kind. */
export function quoteValue(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  if (Array.isArray(value)) return 'a list';
  return value === undefined ? 'nothing' : `an ${typeof value}`;
}

/** A JSON pointer to one member (RFC 6901), cut like quoted text. */
export function memberPointer(name: string): string {
  return `/${cleanText(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** At most 50 characters of a text, with everything outside printable ASCII escaped. */
export function cleanText(text: string): string {
  return text
    .slice(0, MAX_QUOTED)
    .replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
