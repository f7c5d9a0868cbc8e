import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { MessagingModule } from '../messaging/messaging.module.js';
import { IdentificationService } from './identification.service.js';
import { IdentifyGuard } from './identify.guard.js';
import { KeyLookups } from './key-lookups.js';
import { KeyUses } from './key-uses.js';

/** Who sends a request. Comes before what counts requests by their sender, and `AuthorizationModule`. */
@Module({
  imports: [MessagingModule],
  providers: [KeyLookups, KeyUses, IdentificationService, { provide: APP_GUARD, useClass: IdentifyGuard }],
})
export class IdentificationModule {}
