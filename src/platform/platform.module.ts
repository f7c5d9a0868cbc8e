import { type DynamicModule, Global, Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock, DatabaseClock } from './clock.js';
import { Config } from './config.js';
import { Lifecycle } from './health/lifecycle.js';
import { MetricsController } from './metrics.controller.js';
import { Metrics } from './metrics.js';

/** Configuration, clock and metrics, for every module. Needs the data source. */
@Global()
@Module({})
export class PlatformModule {
  static for(config: Config): DynamicModule {
    const clock = {
      provide: DatabaseClock,
      inject: [DataSource, Metrics],
      useFactory: async (dataSource: DataSource, metrics: Metrics) => {
        const clock = new DatabaseClock(dataSource, metrics);
        await clock.start();
        return clock;
      },
    };
    return {
      module: PlatformModule,
      controllers: [MetricsController],
      providers: [
        { provide: Config, useValue: config },
        {
          provide: Metrics,
          useFactory: () => {
            const metrics = new Metrics();
            metrics.describe(config);
            return metrics;
          },
        },
        Lifecycle,
        clock,
        { provide: Clock, useExisting: DatabaseClock },
      ],
      exports: [Config, Metrics, Lifecycle, Clock],
    };
  }
}
