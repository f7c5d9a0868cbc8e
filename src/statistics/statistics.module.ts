import { Module } from '@nestjs/common';
import { RollupsService } from './rollups.service.js';
import { StatisticsController } from './statistics.controller.js';
import { StatisticsService } from './statistics.service.js';

/** What happened and what will, for people who look rather than read. Needs persistence and the platform. */
@Module({ controllers: [StatisticsController], providers: [StatisticsService] })
export class StatisticsModule {}

/** Keeps what that is read from. */
@Module({ providers: [RollupsService], exports: [RollupsService] })
export class RollupsModule {}
