import { Module } from '@nestjs/common';
import { MessagingModule } from '../messaging/messaging.module.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysService } from './api-keys.service.js';
import { ProjectsController } from './projects.controller.js';
import { ProjectsService } from './projects.service.js';

/** Projects and API keys over HTTP. Needs persistence and the platform. */
@Module({
  imports: [MessagingModule],
  controllers: [ProjectsController, ApiKeysController],
  providers: [ProjectsService, ApiKeysService],
})
export class AccessModule {}
