import { Module } from '@nestjs/common';
import { MessagingModule } from '../messaging/messaging.module.js';
import { OidcModule } from '../platform/oidc/oidc.module.js';
import { SecretsModule } from '../platform/secrets/secrets.module.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysService } from './api-keys.service.js';
import { ProjectsController } from './projects.controller.js';
import { ProjectsService } from './projects.service.js';
import { SigningSecretsController } from './signing-secrets.controller.js';
import { SigningSecretsService } from './signing-secrets.service.js';
import { WhoamiController } from './whoami.controller.js';
import { WhoamiService } from './whoami.service.js';

/** Projects, API keys and signing secrets over HTTP, and who is asking. Needs persistence and the platform. */
@Module({
  imports: [MessagingModule, SecretsModule, OidcModule],
  controllers: [ProjectsController, ApiKeysController, SigningSecretsController, WhoamiController],
  providers: [ProjectsService, ApiKeysService, SigningSecretsService, WhoamiService],
})
export class AccessModule {}
