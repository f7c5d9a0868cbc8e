/** How instants and spans read, everywhere. Days are ISO-like so that columns line up and sort by eye. */
const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string, options: Intl.DateTimeFormatOptions, locale = 'en-GB'): Intl.DateTimeFormat {
  const key = `${zone} ${locale} ${JSON.stringify(options)}`;
  let made = formats.get(key);
  if (made === undefined) {
    made = new Intl.DateTimeFormat(locale, { timeZone: zone, hourCycle: 'h23', ...options });
    formats.set(key, made);
  }
  return made;
}

interface Fields {
  readonly year: string;
  readonly month: string;
  readonly day: string;
  readonly hour: string;
  readonly minute: string;
  readonly second: string;
}

export function fieldsIn(at: number, zone: string): Fields {
  const parts = format(zone, {
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' },
  }).formatToParts(at);
  return Object.fromEntries(parts.map(({ type, value }) => [type, value])) as unknown as Fields;
}

export function dayOf(at: number, zone: string): string {
  const { year, month, day } = fieldsIn(at, zone);
  return `${year}-${month}-${day}`;
}

export function timeOf(at: number, zone: string, seconds = true): string {
  const { hour, minute, second } = fieldsIn(at, zone);
  return seconds ? `${hour}:${minute}:${second}` : `${hour}:${minute}`;
}

export function weekdayOf(at: number, zone: string): string {
  return format(zone, { weekday: 'short' }).format(at);
}

/** `2026-11-29 09:00:00`; the day is left out when it is today's, if asked. */
export function instantText(
  at: number,
  zone: string,
  options: { seconds?: boolean; shortToday?: number } = {},
): string {
  const day = dayOf(at, zone);
  const time = timeOf(at, zone, options.seconds ?? true);
  if (options.shortToday !== undefined && day === dayOf(options.shortToday, zone)) return time;
  return `${day} ${time}`;
}

/** `+02:00` */
export function offsetOf(at: number, zone: string): string {
  const parts = format(zone, { timeZoneName: 'longOffset' }).formatToParts(at);
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
  return name === 'GMT' ? '+00:00' : name.replace('GMT', '');
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** `3d 4h`, `12m 05s`, `8s`: two units at most. */
export function spanText(ms: number): string {
  let rest = Math.max(0, Math.floor(ms / 1_000) * 1_000);
  const words: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count === 0 && words.length === 0 && unit !== 's') continue;
    words.push(words.length > 0 ? `${String(count).padStart(2, '0')}${unit}` : `${count}${unit}`);
    if (words.length === 2) break;
  }
  return words.join(' ');
}

/** `4 ms`, `1.24 s`, `3m 20s` */
export function durationText(ms: number | null | undefined): string {
  if (ms == null) return '–';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return spanText(ms);
}

/** `in 5m 03s`, `2h 10m ago` */
export function relativeText(at: number, nowMs: number): string {
  const ms = at - nowMs;
  if (Math.abs(ms) < 1_000) return 'now';
  return ms > 0 ? `in ${spanText(ms)}` : `${spanText(-ms)} ago`;
}

export function countText(count: number): string {
  return new Intl.NumberFormat('en-GB').format(count);
}

/** `12.4k` */
export function shortCount(count: number): string {
  return new Intl.NumberFormat('en-GB', { notation: 'compact', maximumFractionDigits: 1 }).format(count);
}

/** ISO 8601 durations, as the API answers them, in words: `PT15M` → `15 minutes`. */
export function isoDurationText(iso: string): string {
  const found = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/.exec(iso);
  if (found === null) return iso;
  const names = ['year', 'month', 'week', 'day', 'hour', 'minute', 'second'];
  const words = names.flatMap((name, index) => {
    const count = found[index + 1];
    return count === undefined ? [] : [`${count} ${name}${count === '1' ? '' : 's'}`];
  });
  return words.length === 0 ? iso : words.join(' ');
}
