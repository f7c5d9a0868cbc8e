/**
 * A Postgres array literal of values that need no quotes: UUIDs, numbers, booleans, instants as RFC 3339 and our own words.
 * The driver would look for something to escape in each; a thousand runs have ten thousand of them.
 */
export function plainArray(values: readonly (string | number | boolean | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}

/**
 * The same for a column without nulls of which SQL says `coalesce(n.column, ($i::type[])[1])`: one value when all are alike, as
 * most are of what is due at one instant. `unnest` fills up the shorter arrays with nulls.
 */
export function sharedArray(values: readonly (string | number | boolean)[]): string {
  return plainArray(values.every((value) => value === values[0]) ? values.slice(0, 1) : values);
}

/** The same for a column that is mostly null: empty when all are, which `unnest` then makes of it. */
export function sparseArray(values: readonly (string | number | boolean | null)[]): string {
  return plainArray(values.every((value) => value === null) ? [] : values);
}
