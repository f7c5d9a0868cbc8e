import { hash, randomInt } from 'node:crypto';

const START = 'car_';
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 5.95 bits each: 238 in all, 190 of them beyond the prefix that is shown. */
const RANDOM_CHARACTERS = 40;
const SHOWN_CHARACTERS = START.length + 8;

/** A key as its holder gets it, once; what it starts with tells people and secret scanners what it is. */
export interface KeyText {
  readonly text: string;
  readonly prefix: string;
  readonly hash: string;
}

export function newKeyText(): KeyText {
  let text = START;
  while (text.length < START.length + RANDOM_CHARACTERS) text += ALPHABET.charAt(randomInt(ALPHABET.length));
  return { text, prefix: text.slice(0, SHOWN_CHARACTERS), hash: hashOf(text) };
}

/** SHA-256 as hexadecimal digits. Enough for a key that nobody can guess: no salt and no slow hash would add to it. */
export function hashOf(key: string): string {
  return hash('sha256', key);
}

/** What can't be one of ours is refused without asking the database. */
export function looksLikeKey(text: string): boolean {
  return PATTERN.test(text);
}

const PATTERN = new RegExp(`^${START}[0-9A-Za-z]{${RANDOM_CHARACTERS}}$`);
