import { Module } from '@nestjs/common';
import { CachingModule } from '../caching/caching.module.js';
import { SchedulesController } from './schedules.controller.js';
import { SimulationsController } from './simulations.controller.js';
import { SchedulesService } from './schedules.service.js';

/** What schedules will do. Needs persistence and the platform. */
@Module({
  imports: [CachingModule],
  controllers: [SchedulesController, SimulationsController],
  providers: [SchedulesService],
})
export class SchedulesModule {}
