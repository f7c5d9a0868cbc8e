const MANY_TIMES_PER_DAY = 1_440;

/** Warns of a rule that fires once a minute or more often. */
export function frequencyWarnings(timesPerDay: number): string[] {
  if (timesPerDay < MANY_TIMES_PER_DAY) return [];
  return [`fires ${Math.floor(timesPerDay).toLocaleString('en-US')} times a day`];
}
