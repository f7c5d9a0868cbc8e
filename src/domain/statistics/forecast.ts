import type { OccurrenceEdits } from '../occurrence-edit.js';
import { isOccurrence } from '../planning/agenda.js';
import { loadOf, MILLION } from '../quotas.js';
import { parseElapsedMs } from '../recurrence/duration.js';
import { NO_CALENDARS } from '../recurrence/exclusion.js';
import type { Calendars } from '../recurrence/exclusion.js';
import { compileSchedule } from '../recurrence/recurrence.js';
import type { Recurrence } from '../recurrence/recurrence.js';
import type { Instant, Schedule } from '../recurrence/schedule.js';

export const MINUTES_AHEAD = 1_440;
export const HOURS_AHEAD = 168;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Active jobs with one schedule. */
export interface ScheduleGroup {
  readonly schedule: Schedule;
  readonly jobs: number;
  /** A few of them. */
  readonly ids: readonly string[];
}

/** An active job of which single occurrences were edited. */
export interface EditedJob {
  readonly id: string;
  readonly schedule: Schedule;
  readonly edits: OccurrenceEdits;
}

export interface CrowdedMinute {
  readonly at: Instant;
  readonly fires: number;
  readonly jobIds: readonly string[];
  /** What would fire then if those who fire at that very minute were spread by `H` within their period, an hour at most. */
  readonly afterSpreading: number;
}

export interface Forecast {
  /** Beginning of an hour; `minutes` and `hours` count from it. */
  readonly startsAt: Instant;
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly crowded: readonly CrowdedMinute[];
  /** Some rules were too many or too frequent to follow each occurrence. */
  readonly estimated: boolean;
}

/** Of one rule: what is farther is estimated by the day before. */
const MOST_OCCURRENCES = 2_000;
/** Jobs with `H` in their rule are spread; so many places stand for all of them. */
const SPREAD_SAMPLES = 20;
const CROWDED = 10;
const CROWD = 10;
const JOBS_SHOWN = 5;
const HAS_H = /\bH\b|H\(|H\//;

interface Member {
  readonly ids: readonly string[];
  readonly fires: number;
  readonly afterSpreading: number;
}

/** Adds up what groups of jobs will do, one expansion for each. */
export class ForecastBuilder {
  private readonly minutes = new Float64Array(MINUTES_AHEAD);
  private readonly hours = new Float64Array(HOURS_AHEAD);
  /** Groups that fire at a whole minute together, by minute. */
  private readonly crowds = new Map<number, Member[]>();
  private estimated = false;

  constructor(private readonly startsAt: Instant) {}

  add(group: ScheduleGroup, calendars: Calendars = NO_CALENDARS): void {
    const { schedule, jobs } = group;
    const isSpread = schedule.type === 'cron' && HAS_H.test(schedule.expression);
    const samples = isSpread ? Math.min(jobs, SPREAD_SAMPLES) : 1;
    for (let sample = 0; sample < samples; sample += 1) {
      const recurrence = compiled(schedule, `${sample}:${group.ids[0] ?? ''}`, calendars);
      if (recurrence !== null) this.expand(group, recurrence, jobs / samples, isSpread);
    }
    if (samples < jobs && isSpread) this.estimated = true;
  }

  /** What was decided of single occurrences: once the job's schedule was added, it counts where it is due, or nowhere. */
  edit({ id, schedule, edits }: EditedJob, calendars: Calendars = NO_CALENDARS): void {
    const recurrence = compiled(schedule, id, calendars);
    if (recurrence === null) return;
    const jitterMs = jitterMsOf(schedule);
    for (const { scheduledFor, action, to, isPlanned } of edits) {
      if ((action === 'run' && !isPlanned) || !isOccurrence(recurrence, scheduledFor)) continue;
      if (scheduledFor >= this.startsAt) this.count(scheduledFor, -1, jitterMs);
      if (to !== null && to >= this.startsAt) this.count(to, 1, 0);
    }
  }

  /** Jobs whose schedules are too many to look at each: as often as they fire, evenly. */
  addEvenly(firesPerMillionMinutes: number): void {
    if (firesPerMillionMinutes <= 0) return;
    const aMinute = firesPerMillionMinutes / MILLION;
    for (let minute = 0; minute < MINUTES_AHEAD; minute += 1) add(this.minutes, minute, aMinute);
    for (let hour = 0; hour < HOURS_AHEAD; hour += 1) add(this.hours, hour, 60 * aMinute);
    this.estimated = true;
  }

  build(): Forecast {
    return {
      startsAt: this.startsAt,
      minutes: Array.from(this.minutes, rounded),
      hours: Array.from(this.hours, rounded),
      crowded: this.crowded(),
      estimated: this.estimated,
    };
  }

  private expand(group: ScheduleGroup, recurrence: Recurrence, weight: number, isSpread: boolean): void {
    const { schedule } = group;
    const jitterMs = jitterMsOf(schedule);
    const period = periodMinutes(schedule, group.ids[0] ?? '');
    const end = this.startsAt + HOURS_AHEAD * HOUR_MS;
    let at = recurrence.next(this.startsAt - 1);
    let followed = 0;
    for (; at !== null && at < end && followed < MOST_OCCURRENCES; at = recurrence.next(at), followed += 1) {
      this.count(at, weight, jitterMs);
      if (!isSpread && jitterMs < MINUTE_MS) this.crowd(at, group, weight, period);
    }
    if (at !== null && at < end) this.goOnEvenly(at, schedule, group.ids[0] ?? '', weight);
  }

  private count(at: Instant, weight: number, jitterMs: number): void {
    const parts = Math.max(1, Math.min(60, Math.floor(jitterMs / MINUTE_MS)));
    for (let part = 0; part < parts; part += 1) {
      const offsetMs = at + (part * jitterMs) / parts - this.startsAt;
      const [minute, hour] = [Math.floor(offsetMs / MINUTE_MS), Math.floor(offsetMs / HOUR_MS)];
      if (minute < MINUTES_AHEAD) add(this.minutes, minute, weight / parts);
      if (hour < HOURS_AHEAD) add(this.hours, hour, weight / parts);
    }
  }

  private crowd(at: Instant, { ids }: ScheduleGroup, fires: number, period: number): void {
    const minute = Math.floor((at - this.startsAt) / MINUTE_MS);
    if (minute >= MINUTES_AHEAD) return;
    const members = this.crowds.get(minute) ?? [];
    members.push({ ids, fires, afterSpreading: fires / period });
    this.crowds.set(minute, members);
  }

  /** What fires so often is about as frequent at any time. */
  private goOnEvenly(from: Instant, schedule: Schedule, seed: string, weight: number): void {
    const aMinute = (weight * loadOf({ id: seed, schedule }).firesPerMillionMinutes) / MILLION;
    const begin = Math.ceil((from - this.startsAt) / MINUTE_MS);
    for (let minute = begin; minute < HOURS_AHEAD * 60; minute += 1) {
      if (minute < MINUTES_AHEAD) add(this.minutes, minute, aMinute);
      add(this.hours, Math.floor(minute / 60), aMinute);
    }
    this.estimated = true;
  }

  private crowded(): CrowdedMinute[] {
    const found: CrowdedMinute[] = [];
    for (const [minute, members] of this.crowds) {
      const inCrowd = members.reduce((sum, { fires }) => sum + fires, 0);
      const fires = Math.round(this.minutes[minute] ?? 0);
      const spread = members.reduce((sum, { afterSpreading }) => sum + afterSpreading, 0);
      const afterSpreading = Math.ceil(Math.max(0, fires - inCrowd) + spread);
      if (fires < CROWD || afterSpreading * 2 > fires) continue;
      const largest = [...members].sort((left, right) => right.fires - left.fires);
      const jobIds = [...new Set(largest.flatMap(({ ids }) => ids))].slice(0, JOBS_SHOWN);
      found.push({ at: this.startsAt + minute * MINUTE_MS, fires, jobIds, afterSpreading });
    }
    return found.sort((left, right) => right.fires - left.fires || left.at - right.at).slice(0, CROWDED);
  }
}

/** How far `H` could spread a schedule: its period in minutes, an hour at most. */
function periodMinutes(schedule: Schedule, seed: string): number {
  const { firesPerMillionMinutes } = loadOf({ id: seed, schedule });
  const timesPerDay = Math.max(1, (firesPerMillionMinutes / MILLION) * (DAY_MS / MINUTE_MS));
  return Math.max(1, Math.min(60, Math.round(DAY_MS / MINUTE_MS / timesPerDay)));
}

function jitterMsOf({ jitter }: Schedule): number {
  return jitter === undefined ? 0 : (parseElapsedMs(jitter) ?? 0);
}

/** An occurrence may be taken away from where a sample of its group has none. */
function rounded(fires: number): number {
  return Math.max(0, Math.round(fires));
}

/** Null for what can't be read here. */
function compiled(schedule: Schedule, seed: string, calendars: Calendars): Recurrence | null {
  try {
    return compileSchedule(schedule, seed, calendars);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function add(counts: Float64Array, index: number, amount: number): void {
  counts[index] = (counts[index] ?? 0) + amount;
}
