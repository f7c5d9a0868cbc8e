import { Module } from '@nestjs/common';
import { AttentionService } from './attention.service.js';
import { ForecastComputer } from './forecast-computer.js';
import { ForecastLoop } from './forecast-loop.service.js';
import { ForecastsService } from './forecasts.service.js';
import { OutlookController } from './outlook.controller.js';
import { RollupsService } from './rollups.service.js';
import { StatisticsController } from './statistics.controller.js';
import { StatisticsService } from './statistics.service.js';
import { TimelineService } from './timeline.service.js';

/** What happened and what will, for people who look rather than read. Needs persistence and the platform. */
@Module({
  controllers: [StatisticsController, OutlookController],
  providers: [StatisticsService, TimelineService, AttentionService, ForecastsService, ForecastComputer],
})
export class StatisticsModule {}

/** Keeps what that is read from. */
@Module({ providers: [RollupsService, ForecastComputer, ForecastLoop] })
export class RollupsModule {}
