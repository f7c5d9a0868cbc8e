import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { ReplicaPresence } from './replica-presence.js';
import { SystemController } from './system.controller.js';
import type { SystemStatus } from './system-status.js';

/** `GET /system`; the composition root says who answers for the status. */
@Module({})
export class SystemModule {
  static for(status: Provider<SystemStatus>, imports: DynamicModule['imports'] = []): DynamicModule {
    return {
      module: SystemModule,
      imports,
      controllers: [SystemController],
      providers: [status, ReplicaPresence],
      exports: [status],
    };
  }
}
