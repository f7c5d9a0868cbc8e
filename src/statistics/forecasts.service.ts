import { Injectable } from '@nestjs/common';
import { BoundedMap } from '../domain/recurrence/bounded-map.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { ForecastsRepository } from '../persistence/forecasts.repository.js';
import type { StoredForecast } from '../persistence/forecasts.repository.js';
import { Clock } from '../platform/clock.js';
import { askedSpan } from './asked-span.js';
import { FEW_JOBS, ForecastComputer } from './forecast-computer.js';
import type { ForecastQuery, ForecastView } from './outlook.schemas.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Farther than they reach nothing is computed. */
const RESOLUTIONS = {
  PT1M: { name: 'PT1M', ms: MINUTE_MS, longestMs: DAY_MS },
  PT1H: { name: 'PT1H', ms: HOUR_MS, longestMs: 7 * DAY_MS },
} as const;
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
    const byDefault = { from: now, to: now + DAY_MS };
    const { from, to, resolution } = askedSpan(query, byDefault, [RESOLUTIONS[query.resolution]]);
    const forecast = await this.known(projectId, now);
    const counts = query.resolution === 'PT1M' ? forecast?.minutes : forecast?.hours;
    const cells: { at: Instant; fires: number }[] = [];
    for (const [index, fires] of (counts ?? []).entries()) {
      const at = (forecast?.startsAt ?? 0) + index * resolution.ms;
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
