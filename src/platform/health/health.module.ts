import { type DynamicModule, Global, Module, type Provider } from '@nestjs/common';
import { Degradation } from './degradation.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';

/** The probes, and what is degraded for whoever tells it; the composition root says who knows. Needs the platform and the data source. */
@Global()
@Module({})
export class HealthModule {
  static for(degradation: Provider<Degradation>, imports: DynamicModule['imports'] = []): DynamicModule {
    return {
      module: HealthModule,
      imports,
      controllers: [HealthController],
      providers: [HealthService, degradation],
      exports: [Degradation],
    };
  }
}
