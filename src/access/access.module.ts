import { Module } from '@nestjs/common';
import { MessagingModule } from '../messaging/messaging.module.js';
import { SecretsModule } from '../platform/secrets/secrets.module.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysService } from './api-keys.service.js';
import { ProjectsController } from './projects.controller.js';
import { ProjectsService } from './projects.service.js';
import { SigningSecretsController } from './signing-secrets.controller.js';
import { SigningSecretsService } from './signing-secrets.service.js';

/** Projects, API keys and signing secrets over HTTP. Needs persistence and the platform. */
@Module({
  imports: [MessagingModule, SecretsModule],
  controllers: [ProjectsController, ApiKeysController, SigningSecretsController],
  providers: [ProjectsService, ApiKeysService, SigningSecretsService],
})
export class AccessModule {}
