/**
 * Dates of the proleptic Gregorian calendar as day numbers (day 0 is 1970-01-01). A "local" time in this folder is the
 * wall clock read as if it were UTC: milliseconds since 1970-01-01T00:00 on that clock.
 */
import { DAY_MS } from './duration.js';

export interface CivilDate {
  year: number;
  /** 1–12. */
  month: number;
  /** 1–31. */
  day: number;
}

/** The engine's years: outside them no rule fires and no instant of a schedule is accepted. */
export const FIRST_YEAR = 1900;
export const LAST_YEAR = 2299;

const MONTH_LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const MEAN_YEAR_DAYS = 365.2425;
const LEAP_YEARS_BEFORE_1970 = 477;

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

export function monthLength(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : (MONTH_LENGTHS[month - 1] ?? 0);
}

export function dayNumber(year: number, month: number, day: number): number {
  const leapDay = month > 2 && isLeapYear(year) ? 1 : 0;
  return firstDayOfYear(year) + (DAYS_BEFORE_MONTH[month - 1] ?? 0) + leapDay + day - 1;
}

/** Plain arithmetic: a Date object for each step of a search costs several times as much. */
export function civilDate(dayNumberOfDate: number): CivilDate {
  let year = 1970 + Math.floor(dayNumberOfDate / MEAN_YEAR_DAYS);
  // The mean year is at most a day or two off, so the estimate is at most one year off.
  while (firstDayOfYear(year + 1) <= dayNumberOfDate) year += 1;
  while (firstDayOfYear(year) > dayNumberOfDate) year -= 1;
  let day = dayNumberOfDate - firstDayOfYear(year) + 1;
  let month = 1;
  for (let length = 31; day > length; length = monthLength(year, month)) {
    day -= length;
    month += 1;
  }
  return { year, month, day };
}

function firstDayOfYear(year: number): number {
  return 365 * (year - 1970) + leapYearsBefore(year) - LEAP_YEARS_BEFORE_1970;
}

function leapYearsBefore(year: number): number {
  return Math.floor((year - 1) / 4) - Math.floor((year - 1) / 100) + Math.floor((year - 1) / 400);
}

/** 0 is Sunday, as in cron; 1970-01-01 was a Thursday. */
export function weekday(dayNumberOfDate: number): number {
  return (((dayNumberOfDate + 4) % 7) + 7) % 7;
}

/** The same wall clock `months` later, on the month's last day where the day does not exist, then `days` later. */
export function addCalendar(localMs: number, months: number, days: number): number {
  const startDay = Math.floor(localMs / DAY_MS);
  const timeMs = localMs - startDay * DAY_MS;
  const { year, month, day } = civilDate(startDay);
  const monthIndex = year * 12 + (month - 1) + months;
  const toYear = Math.floor(monthIndex / 12);
  const toMonth = monthIndex - toYear * 12 + 1;
  const toDay = Math.min(day, monthLength(toYear, toMonth));
  return (dayNumber(toYear, toMonth, toDay) + days) * DAY_MS + timeMs;
}

export const FIRST_INSTANT = Date.UTC(FIRST_YEAR, 0, 1);
export const LAST_INSTANT = Date.UTC(LAST_YEAR + 1, 0, 1) - 1;
