import { Injectable } from '@nestjs/common';
import type { Instant } from '../domain/recurrence/schedule.js';
import { ForecastBuilder } from '../domain/statistics/forecast.js';
import type { Forecast } from '../domain/statistics/forecast.js';
import { floorTo } from '../domain/statistics/resolution.js';
import { CalendarsRepository } from '../persistence/calendars.repository.js';
import { ForecastsRepository } from '../persistence/forecasts.repository.js';
import { newBreath } from '../platform/breath.js';

/** Up to so many jobs it is worked out when it is asked for. */
export const FEW_JOBS = 100;
/** The largest groups of jobs with one schedule; the others count as evenly spread. */
const GROUPS = 2_000;
/** So many jobs with edited occurrences make a difference that one could see. */
const EDITED_JOBS = 10_000;
const HOUR_MS = 3_600_000;

/** Works out what the schedules of a project will do. */
@Injectable()
export class ForecastComputer {
  constructor(
    private readonly forecasts: ForecastsRepository,
    private readonly calendars: CalendarsRepository,
  ) {}

  async compute(projectId: string, now: Instant): Promise<Forecast> {
    const { groups, otherFires } = await this.forecasts.groups(projectId, GROUPS);
    const edited = await this.forecasts.edited(projectId, EDITED_JOBS);
    const builder = new ForecastBuilder(floorTo(now, HOUR_MS));
    const named = [...new Set([...groups, ...edited].flatMap(({ schedule }) => schedule.exclude ?? []))];
    const calendars = await this.calendars.named(projectId, named);
    const breathe = newBreath();
    for (const group of groups) {
      builder.add(group, calendars);
      await breathe();
    }
    builder.addEvenly(otherFires);
    for (const job of edited) {
      builder.edit(job, calendars);
      await breathe();
    }
    return builder.build();
  }
}
