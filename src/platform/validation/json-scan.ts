import type { Fault } from '../../domain/errors.js';
import { MAX_FAULTS, pointerOf } from './faults.js';

/** Deeper values would break whoever walks them by recursion. */
const MAX_DEPTH = 64;
/** Lists and objects in one body; the walk stops there. */
const MAX_CONTAINERS = 20_000;
const TOO_MANY = { code: 'too_many', detail: `has more than ${MAX_CONTAINERS} lists and objects` } as const;
/** Longest text, and largest list or object, outside free JSON: no schema of ours allows more. */
const MAX_TEXT = 10_000;
const MAX_MEMBERS = 200;
/** Lists at the top of a body that name many things at once; their schema knows the end. */
const LONG_LISTS: ReadonlySet<string> = new Set(['jobs', 'ids', 'dates', 'events']);
const MAX_LONG_LIST = 1_000;

/** Where a client may put any JSON. */
const FREE_JSON = /^(\/(patch|jobs\/\d+))?\/target\/body$|^\/body$/;
const FREE_JSON_DEPTH = 4;

/** Postgres stores neither NUL nor half a surrogate pair. */
const UNSTORABLE = /\0|\p{Surrogate}/u;

export interface ScanResult {
  readonly faults: readonly Fault[];
  /** Too much of something: checking it against a schema would cost more than the answer is worth. */
  readonly tooMuch: boolean;
}

interface Place {
  readonly value: object;
  readonly name: string | number;
  readonly parent: Place | null;
  readonly depth: number;
  readonly free: boolean;
}

/**
 * The checks that need no schema, in one walk without recursion and before anything else looks at the value: depth and
 * size, and what JSON can say but the ledger can't keep.
 */
export function scanJson(root: unknown): ScanResult {
  const scan = new Scan();
  scan.visit(root, '', null);
  scan.walk();
  return scan;
}

const QUOTE = 0x22;
const OPENS_LIST = 0x5b;
const BACKSLASH = 0x5c;
const OPENS_OBJECT = 0x7b;

/**
 * The fault of a JSON text that opens more lists and objects than a body may have, found before they are built: a parser would
 * spend more on them than the answer is worth. Of a text that is not JSON it says nothing.
 */
export function tooManyInText(text: string): Fault | null {
  if (text.length <= 2 * MAX_CONTAINERS) return null; // each takes two characters
  let opened = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const char = text.charCodeAt(index);
    if (char === BACKSLASH) index += 1;
    else if (char === QUOTE) quoted = !quoted;
    else if (!quoted && (char === OPENS_LIST || char === OPENS_OBJECT)) {
      opened += 1;
      if (opened > MAX_CONTAINERS) return { pointer: '', ...TOO_MANY };
    }
  }
  return null;
}

class Scan implements ScanResult {
  readonly faults: Fault[] = [];
  tooMuch = false;
  private readonly stack: Place[] = [];
  private containers = 0;

  walk(): void {
    for (let place = this.stack.pop(); place !== undefined && !this.isFull; place = this.stack.pop()) {
      if (Array.isArray(place.value)) this.walkList(place, place.value);
      else this.walkObject(place, place.value as Readonly<Record<string, unknown>>);
    }
    if (!this.isFull) return;
    this.refuseSize('', null, TOO_MANY.code, TOO_MANY.detail);
  }

  visit(value: unknown, name: string | number, parent: Place | null): void {
    if (typeof value === 'string') {
      if (UNSTORABLE.test(value)) this.refuse(name, parent, 'invalid_text', 'holds a NUL or half a surrogate pair');
      if (value.length > MAX_TEXT && !isFree(name, parent)) {
        this.refuseSize(name, parent, 'too_long', `has ${value.length} characters`);
      }
    } else if (typeof value === 'number') {
      if (!Number.isFinite(value)) this.refuse(name, parent, 'out_of_range', 'is a number too large to be kept');
    } else if (typeof value === 'object' && value !== null) {
      this.containers += 1;
      const depth = parent === null ? 0 : parent.depth + 1;
      if (depth <= MAX_DEPTH) this.stack.push({ value, name, parent, depth, free: isFree(name, parent) });
      else this.refuseSize('', null, 'too_deep', `has more than ${MAX_DEPTH} levels of lists and objects`);
    }
  }

  private get isFull(): boolean {
    return this.containers > MAX_CONTAINERS;
  }

  private walkList(place: Place, list: readonly unknown[]): void {
    if (!place.free && list.length > mostItems(place)) return this.refuseCount(place, list.length);
    for (let index = 0; index < list.length && !this.isFull; index += 1) this.visit(list[index], index, place);
  }

  private walkObject(place: Place, object: Readonly<Record<string, unknown>>): void {
    const names = Object.keys(object);
    if (!place.free && names.length > MAX_MEMBERS) return this.refuseCount(place, names.length);
    for (const name of names) {
      if (this.isFull) return;
      if (reachesPrototype(name, object[name], place.free)) {
        this.refuse(name, place, 'unknown_member', 'is a name that no member may have');
      } else if (UNSTORABLE.test(name))
        this.refuse(name, place, 'invalid_text', 'is a name with a NUL or half a surrogate pair');
      else this.visit(object[name], name, place);
    }
  }

  private refuseCount(place: Place, count: number): void {
    this.refuseSize(
      place.name,
      place.parent,
      'too_many',
      `has ${count} members; at most ${mostItems(place)} are allowed here`,
    );
  }

  private refuseSize(name: string | number, parent: Place | null, code: string, detail: string): void {
    this.tooMuch = true;
    this.refuse(name, parent, code, detail);
  }

  private refuse(name: string | number, parent: Place | null, code: string, detail: string): void {
    if (this.faults.length >= MAX_FAULTS) return;
    const path: (string | number)[] = [];
    for (let at: Place | null = parent; at !== null; at = at.parent) if (at.parent !== null) path.unshift(at.name);
    if (parent !== null) path.push(name);
    this.faults.push({ pointer: pointerOf(path), code, detail });
  }
}

/**
 * Names by which a careless merge, here or at a target, gets at the prototype of all objects. `constructor` may stand in free
 * JSON, where it is a word like any other, but not with a `prototype` in it.
 */
function reachesPrototype(name: string, value: unknown, free: boolean): boolean {
  if (name === '__proto__') return true;
  if (name !== 'constructor') return false;
  return !free || (typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype'));
}

function isFree(name: string | number, parent: Place | null): boolean {
  if (parent === null) return false;
  if (parent.free) return true;
  if (name !== 'body' || parent.depth >= FREE_JSON_DEPTH) return false;
  let path = `/${name}`;
  for (let at = parent; at.parent !== null; at = at.parent) path = `/${at.name}${path}`;
  return FREE_JSON.test(path);
}

function mostItems({ name, parent, value }: Place): number {
  const isLong = parent?.parent === null && Array.isArray(value) && LONG_LISTS.has(String(name));
  return isLong ? MAX_LONG_LIST : MAX_MEMBERS;
}
