import { Module } from '@nestjs/common';
import { SchedulesController } from './schedules.controller.js';
import { SchedulesService } from './schedules.service.js';

/** What schedules will do. Needs persistence and the platform. */
@Module({ controllers: [SchedulesController], providers: [SchedulesService] })
export class SchedulesModule {}
