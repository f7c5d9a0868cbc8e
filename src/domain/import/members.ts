import { isJsonObject } from '../json.js';
import type { ImportReport, LossCode } from './report.js';

/**
 * An untrusted object of another system, read member by member. What nobody has asked for by the time of `rest` goes into
 * the report: nothing is dropped because it was forgotten here.
 */
export class Members {
  private readonly unread: Set<string>;

  constructor(
    private readonly object: Readonly<Record<string, unknown>>,
    readonly pointer: string,
    private readonly report: ImportReport,
    /** Set as soon as it is known. */
    public job: string | null = null,
  ) {
    this.unread = new Set(Object.keys(object).filter((name) => !isNothing(object[name])));
  }

  has(name: string): boolean {
    return Object.hasOwn(this.object, name) && !isNothing(this.object[name]);
  }

  /** The value as it is; it stays unread. */
  peek(name: string): unknown {
    return this.has(name) ? this.object[name] : undefined;
  }

  text(name: string): string | undefined {
    return this.read(name, 'text', (value) => (typeof value === 'string' ? value : undefined));
  }

  number(name: string): number | undefined {
    return this.read(name, 'a number', (value) =>
      typeof value === 'number' && Number.isFinite(value) ? value : undefined,
    );
  }

  flag(name: string): boolean | undefined {
    return this.read(name, 'true or false', (value) => (typeof value === 'boolean' ? value : undefined));
  }

  part(name: string): Members | undefined {
    const object = this.read(name, 'an object', (value) => (isJsonObject(value) ? value : undefined));
    return object === undefined ? undefined : new Members(object, this.pointerTo(name), this.report, this.job);
  }

  /** An object that lies deeper, as in a list. */
  at(pointer: string, object: Readonly<Record<string, unknown>>): Members {
    return new Members(object, pointer, this.report, this.job);
  }

  list(name: string): readonly unknown[] | undefined {
    return this.read(name, 'a list', (value) => (Array.isArray(value) ? (value as unknown[]) : undefined));
  }

  /** Names and values as they stand; values that are no text are left out, with a word in the report. */
  texts(name: string): [string, string][] {
    const object = this.read(name, 'an object', (value) => (isJsonObject(value) ? value : undefined));
    return Object.entries(object ?? {}).flatMap(([key, value]): [string, string][] => {
      if (typeof value === 'string') return [[key, value]];
      this.lose(`${name}/${escape(key)}`, 'malformed', 'is not text');
      return [];
    });
  }

  /** Members by which the other system keeps its books: they mean nothing for what is to run when. */
  ignore(...names: string[]): void {
    for (const name of names) this.unread.delete(name);
  }

  /** A setting that is not carried over, or not as it was. `path` is a name, or several with `/` between them. */
  lose(path: string, code: LossCode, detail: string): void {
    this.unread.delete(path);
    this.report.setting(this.job, { pointer: `${this.pointer}/${path}` }, code, detail);
  }

  /** Reports what was not read, each with the same reason. */
  rest(detail = 'has no counterpart here'): void {
    for (const name of this.unread) this.lose(escape(name), 'no_equivalent', detail);
    this.unread.clear();
  }

  private pointerTo(name: string): string {
    return `${this.pointer}/${escape(name)}`;
  }

  private read<Value>(name: string, kind: string, take: (value: unknown) => Value | undefined): Value | undefined {
    this.unread.delete(name);
    if (!this.has(name)) return undefined;
    const value = take(this.object[name]);
    if (value === undefined) this.lose(escape(name), 'malformed', `is not ${kind}`);
    return value;
  }
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

const MAX_NAME = 100;

function escape(name: string): string {
  return name.slice(0, MAX_NAME).replaceAll('~', '~0').replaceAll('/', '~1');
}
