/**
 * The oracle for recurrence rules: walks the calendar day by day from the start, with Date in UTC as the calendar, and
 * builds each period's set whole before it chooses from it. It shares no code with the engine and takes rules as data.
 */

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

export interface PlainRrule {
  freq: 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'YEARLY';
  interval: number;
  /** 0 is Sunday. */
  wkst: number;
  month?: number[];
  weekNo?: number[];
  yearDay?: number[];
  monthDay?: number[];
  day?: { weekday: number; nth: number }[];
  hour?: number[];
  minute?: number[];
  setPos?: number[];
  count?: number;
}

/** Wall-clock minutes (milliseconds as if in UTC) that a rule names, from its start until `lastMs`, ascending. */
export function rruleMinutes(rule: PlainRrule, startMs: number, lastMs: number): number[] {
  const start = new Date(startMs);
  const hours = rule.hour ?? [start.getUTCHours()];
  const minutes = rule.minute ?? [start.getUTCMinutes()];
  const periods = new Map<number, number[]>();
  const firstKey = periodOf(rule, startMs);
  // From before any period of the start begins until after any period of the end has ended.
  const fromDay = Math.floor(startMs / DAY_MS) * DAY_MS - 375 * DAY_MS;
  for (let dayMs = fromDay; dayMs <= lastMs + 375 * DAY_MS; dayMs += DAY_MS) {
    const key = periodOf(rule, dayMs);
    if (key < firstKey || (key - firstKey) % rule.interval !== 0 || !isMeant(rule, dayMs, startMs)) continue;
    const times = hours.flatMap((hour) => minutes.map((minute) => dayMs + (hour * 60 + minute) * MINUTE_MS));
    periods.set(key, [...(periods.get(key) ?? []), ...times]);
  }
  const found = [...periods.values()].flatMap((members) =>
    choose(
      rule,
      [...new Set(members)].sort((a, b) => a - b),
    ),
  );
  return found
    .sort((a, b) => a - b)
    .filter((ms) => ms >= startMs)
    .slice(0, rule.count ?? Infinity)
    .filter((ms) => ms <= lastMs);
}

function choose({ setPos }: PlainRrule, members: number[]): number[] {
  if (setPos === undefined) return members;
  return members.filter((_, index) => setPos.includes(index + 1) || setPos.includes(index - members.length));
}

function periodOf({ freq, wkst, weekNo }: PlainRrule, ms: number): number {
  const date = new Date(ms);
  if (freq === 'DAILY') return Math.floor(ms / DAY_MS);
  if (freq === 'WEEKLY') return Math.round(weekStartOf(ms, wkst) / DAY_MS / 7);
  if (freq === 'MONTHLY') return date.getUTCFullYear() * 12 + date.getUTCMonth();
  return weekNo === undefined ? date.getUTCFullYear() : weekOf(ms, wkst).year;
}

function weekStartOf(ms: number, wkst: number): number {
  let day = Math.floor(ms / DAY_MS) * DAY_MS;
  while (new Date(day).getUTCDay() !== wkst) day -= DAY_MS;
  return day;
}

/** A week belongs to the year that has four of its days, so to that of its fourth day. */
function weekOf(ms: number, wkst: number): { year: number; week: number; weeks: number } {
  const fourth = weekStartOf(ms, wkst) + 3 * DAY_MS;
  const year = new Date(fourth).getUTCFullYear();
  let [week, weeks] = [0, 0];
  for (let day = weekStartOf(Date.UTC(year, 0, 1), wkst) + 3 * DAY_MS; ; day += 7 * DAY_MS) {
    if (new Date(day).getUTCFullYear() > year) break;
    if (new Date(day).getUTCFullYear() === year) weeks += 1;
    if (day === fourth) week = weeks;
  }
  return { year, week, weeks };
}

function isMeant(rule: PlainRrule, dayMs: number, startMs: number): boolean {
  const [date, start] = [new Date(dayMs), new Date(startMs)];
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
  const monthDays = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const yearDay = Math.round((dayMs - Date.UTC(year, 0, 1)) / DAY_MS) + 1;
  const yearDays = Math.round((Date.UTC(year + 1, 0, 1) - Date.UTC(year, 0, 1)) / DAY_MS);
  const isOneOf = (values: number[] | undefined, index: number, length: number): boolean =>
    values === undefined || values.includes(index) || values.includes(index - length - 1);
  if (rule.month !== undefined && !rule.month.includes(month)) return false;
  if (!isOneOf(rule.monthDay, day, monthDays) || !isOneOf(rule.yearDay, yearDay, yearDays)) return false;
  if (rule.weekNo !== undefined) {
    const { week, weeks } = weekOf(dayMs, rule.wkst);
    if (!isOneOf(rule.weekNo, week, weeks)) return false;
  }
  const [index, length] = rule.freq === 'MONTHLY' || rule.month !== undefined ? [day, monthDays] : [yearDay, yearDays];
  if (rule.day !== undefined) {
    return rule.day.some(({ weekday, nth }) => {
      if (date.getUTCDay() !== weekday) return false;
      return nth === 0 || nth === Math.floor((index - 1) / 7) + 1 || -nth === Math.floor((length - index) / 7) + 1;
    });
  }
  if (rule.monthDay !== undefined || rule.yearDay !== undefined || rule.freq === 'DAILY') return true;
  if (rule.freq === 'WEEKLY' || rule.weekNo !== undefined) return date.getUTCDay() === start.getUTCDay();
  if (rule.freq === 'YEARLY' && rule.month === undefined && month !== start.getUTCMonth() + 1) return false;
  return day === start.getUTCDate();
}
