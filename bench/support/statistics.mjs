/** The value below which `share` of the ascending values lie (nearest rank). */
export function percentile(ascending, share) {
  if (ascending.length === 0) return NaN;
  return ascending[Math.min(ascending.length - 1, Math.max(0, Math.ceil(ascending.length * share) - 1))];
}

export function percentiles(ascending) {
  return { p50: percentile(ascending, 0.5), p99: percentile(ascending, 0.99), max: ascending.at(-1) ?? NaN };
}

/** Of an even number of values the upper of the two in the middle: no value is made up. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? NaN : sorted[Math.floor(sorted.length / 2)];
}

/** The longest time between two neighbours, in the unit of the values and any order; 0 for fewer than two. */
export function longestGap(values) {
  const sorted = [...values].sort((a, b) => a - b);
  let longest = 0;
  for (let n = 1; n < sorted.length; n += 1) longest = Math.max(longest, sorted[n] - sorted[n - 1]);
  return longest;
}

/** By how much of its first value a row of values has grown: the median of its last fifth over that of its first fifth, less 1. */
export function growthOf(values) {
  const fifth = Math.max(1, Math.floor(values.length / 5));
  return median(values.slice(-fifth)) / median(values.slice(0, fifth)) - 1;
}
