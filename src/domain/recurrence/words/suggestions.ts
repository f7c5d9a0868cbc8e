import { replaced } from './cursor.js';
import { isDayOrMonthName, KNOWN_WORDS } from './lexicon.js';
import type { Refusal } from './refusal.js';

const COUNT = 2;
/** Understood under all circumstances, whatever stands beside the phrase. */
const ALWAYS = ['every day at 9:00', 'every Monday at 9:00', 'every 15 minutes'];
const LONGEST = 100;

/**
 * Two phrases that are understood, the likeliest first: what the refusal proposes, the phrase with mistyped words set
 * right, the phrase without the words at fault, and plain examples.
 */
export function suggestionsFor(source: string, refusal: Refusal, isUnderstood: (phrase: string) => boolean): string[] {
  const { span, candidates } = refusal;
  const found: string[] = [];
  const proposed = [corrected(source), ...candidates, replaced(source, span, ' '), ...ALWAYS];
  for (const phrase of proposed) {
    const tidy = phrase === null ? '' : tidied(phrase);
    const isNew = tidy !== '' && tidy.length <= LONGEST && tidy !== tidied(source) && !found.includes(tidy);
    if (isNew && isUnderstood(tidy)) found.push(tidy);
    if (found.length === COUNT) break;
  }
  return found;
}

function tidied(phrase: string): string {
  return phrase
    .replace(/[ \t]+/g, ' ')
    .replaceAll(' ,', ',')
    .trim();
}

/** The phrase with the first unknown words set to known ones that they nearly are; null when there is none. */
function corrected(source: string): string | null {
  let left = MOST_CORRECTED;
  const fixed = source.replace(/[A-Za-z]+/g, (word) => {
    const lower = word.toLowerCase();
    const isTried = left > 0 && word.length >= 4 && word.length <= LONGEST_WORD && !KNOWN_WORDS.includes(lower);
    if (!isTried) return word;
    left -= 1;
    return nearest(lower) ?? word;
  });
  return fixed === source ? null : fixed;
}

// A phrase of nothing but unknown words must not cost more than others.
const MOST_CORRECTED = 3;
const LONGEST_WORD = 12;

function nearest(word: string): string | null {
  let best: string | null = null;
  let least = word.length < 6 ? 2 : 3;
  for (const known of KNOWN_WORDS) {
    // People rarely get the first letter wrong, and it leaves few words to compare.
    if (known[0] !== word[0] || Math.abs(known.length - word.length) >= least) continue;
    const distance = editDistance(word, known);
    if (distance < least) [best, least] = [known, distance];
  }
  return best !== null && isDayOrMonthName(best) ? best.charAt(0).toUpperCase() + best.slice(1) : best;
}

/** Letters put in, left out, exchanged, or swapped with their neighbour. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const isSame = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
      );
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isSwap) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    [beforeLast, last] = [last, current];
  }
  return last[b.length] ?? 0;
}
