import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { MessagingModule } from '../messaging/messaging.module.js';
import { IdentificationService } from './identification.service.js';
import { IdentifyGuard } from './identify.guard.js';
import { KeyLookups } from './key-lookups.js';
import { KeyUses } from './key-uses.js';
import { ProjectLookups } from './tokens/project-lookups.js';
import { TokensService } from './tokens/tokens.service.js';

/** Who sends a request. Comes before what counts requests by their sender, and `AuthorizationModule`. */
@Module({
  imports: [MessagingModule],
  providers: [
    KeyLookups,
    KeyUses,
    ProjectLookups,
    TokensService,
    IdentificationService,
    { provide: APP_GUARD, useClass: IdentifyGuard },
  ],
})
export class IdentificationModule {}
