import { Problem } from './errors.js';

/** An entity tag (RFC 9110, 8.8.3) without its quotes. */
export interface EntityTag {
  readonly weak: boolean;
  readonly opaque: string;
}

/** What `If-Match` or `If-None-Match` lists; `*` stands for whatever there is. */
export type TagList = '*' | readonly EntityTag[];

/** On what terms a request is to be carried out; null: on any. */
export interface Preconditions {
  readonly ifMatch: TagList | null;
  readonly ifNoneMatch: TagList | null;
}

export const NO_PRECONDITIONS: Preconditions = { ifMatch: null, ifNoneMatch: null };

interface Versioned {
  readonly id: string;
  readonly version: number;
}

const TAG = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/;
const HASH_LENGTH = 16;

/** Null when the text is no such list: tags stand in double quotes, with commas between them. */
export function parseTagList(text: string): TagList | null {
  if (text.trim() === '*') return '*';
  // A comma may stand inside of a tag, and empty members are allowed (RFC 9110, 5.6.1).
  const members = text.match(/(?:W\/)?"[^"]*"|[^,\s]+/g) ?? [];
  const tags = members.map((member) => TAG.exec(member));
  const rest = text.replaceAll(/(?:W\/)?"[^"]*"/g, '""').replaceAll(/\s/g, '');
  if (tags.length === 0 || tags.includes(null) || !/^,*""(?:,+"")*,*$/.test(rest)) return null;
  return tags.map((found) => ({ weak: found?.[1] !== undefined, opaque: found?.[2] ?? '' }));
}

/**
 * The strong tag of a job as it is answered, without its quotes: version, part of its id, and a hash of the whole answer.
 *
 * The version counts what clients changed. Planning and runs move members like `nextRunAt` without a new version: they make
 * another tag, so that `If-None-Match` never hides them, but no change that `If-Match` has to stop. The id tells a job from
 * a later one of the same name. `hash`: 16 characters without a hyphen.
 */
export function jobTag(job: Versioned, hash: string): string {
  return `${versionPart(job)}-${hash}`;
}

/** Whether an answer with this tag is known to who sent `If-None-Match` with a read. Weak comparison (RFC 9110, 13.1.2). */
export function isKnown(ifNoneMatch: TagList | null, tag: string): boolean {
  return ifNoneMatch !== null && (ifNoneMatch === '*' || ifNoneMatch.some(({ opaque }) => opaque === tag));
}

/**
 * Throws `precondition_failed` when a write must not be carried out on a job as it is now; null: there is none. Under the
 * job's row lock, so that of two writers with the same tag one is told.
 */
export function refuseUnmet(
  { ifMatch, ifNoneMatch }: Preconditions,
  current: Versioned | null,
  what: 'job' | 'calendar' = 'job',
): void {
  if (ifMatch !== null && !meetsIfMatch(ifMatch, current)) {
    throw new Problem(
      'precondition_failed',
      current === null
        ? `if-match asks for a ${what} that is there, and there is none`
        : `if-match names another state: the ${what} was changed meanwhile and has version ${current.version}; read it again`,
    );
  }
  if (ifNoneMatch !== null && !meetsIfNoneMatch(ifNoneMatch, current)) {
    throw new Problem('precondition_failed', `if-none-match asks for no such ${what}, and there is one`);
  }
}

/** Weak tags never match (RFC 9110, 13.1.1). */
function meetsIfMatch(ifMatch: TagList, current: Versioned | null): boolean {
  if (current === null) return false;
  return ifMatch === '*' || ifMatch.some(({ weak, opaque }) => !weak && isOfVersion(opaque, current));
}

function meetsIfNoneMatch(ifNoneMatch: TagList, current: Versioned | null): boolean {
  if (current === null) return true;
  return ifNoneMatch !== '*' && !ifNoneMatch.some(({ opaque }) => isOfVersion(opaque, current));
}

function isOfVersion(opaque: string, current: Versioned): boolean {
  const part = versionPart(current);
  return opaque.startsWith(`${part}-`) && opaque.length === part.length + 1 + HASH_LENGTH;
}

function versionPart({ id, version }: Versioned): string {
  return `${version}-${id.slice(-8)}`;
}
