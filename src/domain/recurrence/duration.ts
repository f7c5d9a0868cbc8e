/**
 * A duration in calendar and elapsed parts. `months` holds years too (12 months each) and `days` holds weeks, because
 * the calendar adds them the same way; `elapsedMs` is the time part. `text` is the ISO 8601 spelling: given units are
 * kept (`PT90M` stays `PT90M`), parts of zero are dropped, short forms become ISO (`15m` is `PT15M`).
 */
export interface Duration {
  readonly months: number;
  readonly days: number;
  readonly elapsedMs: number;
  readonly text: string;
}

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Longer text is no duration; checked before a pattern sees it. */
const MAX_TEXT_LENGTH = 48;
const MEAN_MONTH_DAYS = 30.436875;

const ISO =
  /^P(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})W)?(?:(\d{1,9})D)?(T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:\.(\d{1,3}))?S)?)?$/;
const SHORT = /^(\d{1,9})([smhd])$/;

/**
 * Reads an ISO 8601 duration (`P1Y2M3W4DT5H6M7.5S`: upper case, unsigned, a fraction only on seconds, to the
 * millisecond) or a short form (`30s`, `15m`, `2h`, `1d`). Null when it is neither, is zero, or is so long that
 * milliseconds stop being exact.
 */
export function parseDuration(text: string): Duration | null {
  if (text.length > MAX_TEXT_LENGTH) return null;
  const short = SHORT.exec(text);
  if (short !== null) return parseDuration(short[2] === 'd' ? `P${short[1]}D` : `PT${text.toUpperCase()}`);
  const parts = ISO.exec(text);
  if (parts === null || parts[5] === 'T') return null;
  const whole = (index: number): number => Number(parts[index] ?? 0);
  const fractionMs = Number((parts[9] ?? '').padEnd(3, '0'));
  const duration = {
    months: whole(1) * 12 + whole(2),
    days: whole(3) * 7 + whole(4),
    elapsedMs: whole(6) * HOUR_MS + whole(7) * MINUTE_MS + whole(8) * SECOND_MS + fractionMs,
    text: spell(whole(1), whole(2), whole(3), whole(4), whole(6), whole(7), whole(8) * SECOND_MS + fractionMs),
  };
  const meanMs = meanDurationMs(duration);
  return meanMs > 0 && meanMs <= Number.MAX_SAFE_INTEGER ? duration : null;
}

/** The canonical ISO 8601 spelling. */
export function formatDuration(duration: Duration): string {
  return duration.text;
}

/** Milliseconds of a purely elapsed duration; null when it has calendar units, whose length depends on the date. */
export function durationMs(duration: Duration): number | null {
  return duration.months === 0 && duration.days === 0 ? duration.elapsedMs : null;
}

/** Length with a mean Gregorian month and days of 24 h: an estimate for bounds and searches, never a due time. */
export function meanDurationMs(duration: Duration): number {
  return duration.months * MEAN_MONTH_DAYS * DAY_MS + duration.days * DAY_MS + duration.elapsedMs;
}

/** A timeout, delay or retention in milliseconds: days and weeks count as 24 h and 7 × 24 h; months are refused (null). */
export function parseElapsedMs(text: string): number | null {
  const duration = parseDuration(text);
  return duration === null || duration.months !== 0 ? null : duration.days * DAY_MS + duration.elapsedMs;
}

/** ISO 8601 in hours, minutes and seconds (`PT1M30S`, 24 h is `PT24H`); zero is `PT0S`. Takes whole milliseconds ≥ 0. */
export function formatElapsed(ms: number): string {
  if (ms === 0) return 'PT0S';
  return spell(0, 0, 0, 0, Math.floor(ms / HOUR_MS), Math.floor((ms % HOUR_MS) / MINUTE_MS), ms % MINUTE_MS);
}

function spell(years: number, months: number, weeks: number, days: number, h: number, m: number, ms: number): string {
  const part = (amount: number | string, unit: string): string => (Number(amount) === 0 ? '' : `${amount}${unit}`);
  const date = part(years, 'Y') + part(months, 'M') + part(weeks, 'W') + part(days, 'D');
  const time = part(h, 'H') + part(m, 'M') + part(ms / SECOND_MS, 'S');
  return `P${date}${time === '' ? '' : `T${time}`}`;
}
