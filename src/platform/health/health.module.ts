import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import type { Degradation } from './degradation.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';

/** The probes; the composition root says who knows what is degraded. Needs the platform and the data source. */
@Module({})
export class HealthModule {
  static for(degradation: Provider<Degradation>, imports: DynamicModule['imports'] = []): DynamicModule {
    return { module: HealthModule, imports, controllers: [HealthController], providers: [HealthService, degradation] };
  }
}
