import { Injectable } from '@nestjs/common';
import { BoundedMap } from '../domain/recurrence/bounded-map.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { HOURS_AHEAD, MINUTES_AHEAD } from '../domain/statistics/forecast.js';
import { floorTo } from '../domain/statistics/resolution.js';
import { ForecastsRepository } from '../persistence/forecasts.repository.js';
import type { StoredForecast } from '../persistence/forecasts.repository.js';
import { Clock } from '../platform/clock.js';
import { outOfRange } from './asked-span.js';
import { FEW_JOBS, ForecastComputer } from './forecast-computer.js';
import type { ForecastQuery, ForecastView } from './outlook.schemas.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** What was worked out for a request serves those that follow. */
const KEPT_MS = 60_000;
const KEPT = 100;

/** Answers how often all schedules of a project will fire. */
@Injectable()
export class ForecastsService {
  /** By project, with the state of its jobs that it was worked out from. */
  private readonly kept = new BoundedMap<string, { readonly stamp: string; readonly forecast: StoredForecast }>(KEPT);

  constructor(
    private readonly forecasts: ForecastsRepository,
    private readonly computer: ForecastComputer,
    private readonly clock: Clock,
  ) {}

  async read(projectId: string, query: ForecastQuery): Promise<ForecastView> {
    const now = this.clock.now();
    const { from, to } = askedCells(query, now);
    const forecast = await this.known(projectId, now);
    const ms = cellMs(query);
    const counts = query.resolution === 'PT1M' ? forecast?.minutes : forecast?.hours;
    const cells: { at: Instant; fires: number }[] = [];
    for (const [index, fires] of (counts ?? []).entries()) {
      const at = (forecast?.startsAt ?? 0) + index * ms;
      if (fires > 0 && at >= from && at < to) cells.push({ at, fires });
    }
    return {
      from: formatInstant(from),
      to: formatInstant(to),
      resolution: query.resolution,
      computedAt: forecast === null ? null : formatInstant(forecast.computedAt),
      estimated: forecast?.estimated ?? false,
      total: cells.reduce((sum, { fires }) => sum + fires, 0),
      peak: cells.reduce((most, { fires }) => Math.max(most, fires), 0),
      cells: cells.map(({ at, fires }) => ({ at: formatInstant(at), fires })),
      crowded: await this.crowded(projectId, forecast, from),
    };
  }

  /** Null when it has not been computed yet: that of a project with many jobs is made in the background. */
  async known(projectId: string, now: Instant): Promise<StoredForecast | null> {
    const { jobs, updatedAt } = await this.forecasts.jobs(projectId, FEW_JOBS);
    if (jobs > FEW_JOBS) return this.forecasts.find(projectId);
    const stamp = `${jobs}@${updatedAt}`;
    const kept = this.kept.get(projectId);
    if (kept?.stamp === stamp && Math.abs(now - kept.forecast.computedAt) < KEPT_MS) return kept.forecast;
    const forecast = { ...(await this.computer.compute(projectId, now)), computedAt: now };
    this.kept.set(projectId, { stamp, forecast });
    return forecast;
  }

  private async crowded(projectId: string, forecast: StoredForecast | null, from: Instant) {
    const crowded = (forecast?.crowded ?? []).filter(({ at }) => at >= from);
    const ids = [...new Set(crowded.flatMap(({ jobIds }) => jobIds))];
    const names = ids.length === 0 ? new Map<string, string>() : await this.forecasts.names(projectId, ids);
    return crowded.map(({ at, fires, jobIds, afterSpreading }) => ({
      at: formatInstant(at),
      fires,
      jobs: jobIds.flatMap((id) => {
        const name = names.get(id);
        return name === undefined ? [] : [{ id, name }];
      }),
      afterSpreading,
    }));
  }
}

function cellMs({ resolution }: ForecastQuery): number {
  return resolution === 'PT1M' ? MINUTE_MS : HOUR_MS;
}

/** What is asked for lies between the hour that now is in and what is computed ahead. */
function askedCells(query: ForecastQuery, now: Instant): { from: Instant; to: Instant } {
  const ms = cellMs(query);
  const from = floorTo(query.from ?? now, ms);
  const to = -floorTo(-(query.to ?? from + DAY_MS), ms);
  const reach = query.resolution === 'PT1M' ? MINUTES_AHEAD * MINUTE_MS : HOURS_AHEAD * HOUR_MS;
  if (from < now - HOUR_MS - ms) throw outOfRange('/from', 'lies more than PT1H back: a forecast looks ahead');
  if (to <= from) throw outOfRange('/to', 'is not after the beginning of the span');
  if (to - from > reach + ms || to > now + reach + HOUR_MS) {
    const name = query.resolution === 'PT1M' ? 'PT24H' : 'P7D';
    throw outOfRange('/to', `is farther ahead than ${name}, to where ${query.resolution} reaches`);
  }
  return { from, to };
}
