/** The edition of the time zones in this process, by which it computes due times. */
export const TZ_EDITION = process.versions.tz ?? 'unknown';
