/** From when to when, in epoch milliseconds, as the load generator takes it. */
export function windowFrom(fromMs, seconds) {
  return [fromMs, fromMs + seconds * 1_000];
}
