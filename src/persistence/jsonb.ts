const UNSTORABLE = /\0|\p{Surrogate}/gu;

/**
 * JSON text that jsonb takes. Postgres refuses NUL and half a surrogate pair, and texts of targets (an excerpt, a
 * certificate's name in an error, a message cut at some length) may hold both: they become U+FFFD.
 */
export function jsonbText(value: unknown): string {
  // Either shows in well-formed JSON as an escape; almost no text has one.
  const text = JSON.stringify(value);
  if (!text.includes('\\u')) return text;
  return JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'string' ? member.replace(UNSTORABLE, '\uFFFD') : member,
  );
}

/** For a column that is NULL where there is nothing. */
export function jsonOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}
