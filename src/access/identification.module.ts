import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { MessagingModule } from '../messaging/messaging.module.js';
import { Identification } from '../platform/identification.js';
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
    { provide: Identification, useExisting: IdentificationService },
    { provide: APP_GUARD, useClass: IdentifyGuard },
  ],
  exports: [Identification],
})
export class IdentificationModule {}
