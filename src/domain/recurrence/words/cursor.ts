import { numberOf } from './lexicon.js';
import { unknown } from './refusal.js';
import { type Span, type Token, tokenize } from './tokenizer.js';

/** Walks the tokens of a phrase. */
export class Cursor {
  private index = 0;
  private farthest = 0;
  private readonly tokens: readonly Token[];

  constructor(readonly source: string) {
    this.tokens = tokenize(source);
  }

  get isAtEnd(): boolean {
    return this.index >= this.tokens.length;
  }

  peek(ahead = 0): Token | undefined {
    return this.tokens[this.index + ahead];
  }

  /** The current token, which the cursor leaves behind. Refuses at the end of the phrase. */
  take(): Token {
    const token = this.tokens[this.index];
    if (token === undefined) return unknown(this.spanBefore(), 'is not the end of a schedule: something is missing');
    this.index += 1;
    return token;
  }

  isWord(...texts: readonly string[]): boolean {
    return this.isWordAt(0, ...texts);
  }

  isWordAt(ahead: number, ...texts: readonly string[]): boolean {
    const token = this.peek(ahead);
    return token?.kind === 'word' && texts.includes(token.text);
  }

  isSymbol(text: string): boolean {
    const token = this.peek();
    return token?.kind === 'symbol' && token.text === text;
  }

  takeWord(...texts: readonly string[]): boolean {
    const isThere = this.isWord(...texts);
    if (isThere) this.index += 1;
    return isThere;
  }

  takeSymbol(text: string): boolean {
    const isThere = this.isSymbol(text);
    if (isThere) this.index += 1;
    return isThere;
  }

  /** `,`, `and`, `, and`, `/`: what stands between the members of a list. */
  takeSeparator(): boolean {
    const comma = this.takeSymbol(',') || this.takeSymbol('/');
    return this.takeWord('and') || comma;
  }

  /** `-`, `to`, `through`: what stands between the ends of a range. */
  takeRangeSign(): boolean {
    return this.takeSymbol('-') || this.takeWord('to', 'through', 'thru', 'until', 'till');
  }

  /** What `read` gives; the cursor stays where it was when that is null. */
  attempt<T>(read: () => T | null): T | null {
    const before = this.index;
    const value = read();
    this.farthest = Math.max(this.farthest, this.index);
    if (value === null) this.index = before;
    return value;
  }

  /** Members of a list, each read by `read`; empty when there is none. A separator that no member follows is left. */
  takeList<T>(read: () => T | null): T[] {
    const values: T[] = [];
    for (;;) {
      const isFirst = values.length === 0;
      const value = this.attempt(() => (isFirst || this.takeSeparator() ? read() : null));
      if (value === null) return values;
      values.push(value);
    }
  }

  /** The first token that no reading got past; undefined when one got to the end of the phrase. */
  get stuckAt(): Token | undefined {
    return this.tokens[Math.max(this.farthest, this.index)];
  }

  /** A whole number in digits or letters, not an ordinal; undefined for anything else. */
  numberAt(ahead = 0): number | undefined {
    const token = this.peek(ahead);
    if (token?.kind === 'number') return token.isOrdinal ? undefined : token.value;
    return token?.kind === 'word' ? numberOf(token.text) : undefined;
  }

  /** Where the current token starts, or the phrase ends. */
  get offset(): number {
    return this.peek()?.start ?? this.source.length;
  }

  /** From `start` to the end of what was taken last. */
  spanFrom(start: number): Span {
    return { start, end: this.tokens[this.index - 1]?.end ?? start };
  }

  private spanBefore(): Span {
    const last = this.tokens.at(-1);
    return last === undefined ? { start: 0, end: this.source.length } : { start: last.start, end: last.end };
  }
}

/** The phrase with other words in the place of some. */
export function replaced(source: string, { start, end }: Span, words: string): string {
  return source.slice(0, start) + words + source.slice(end);
}
