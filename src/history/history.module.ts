import { Module } from '@nestjs/common';
import { ExplanationsService } from './explanations.service.js';
import { HistoryController } from './history.controller.js';
import { LedgerAuditsService } from './ledger-audits.service.js';
import { SelfCheckService } from './self-check.service.js';

/** What happened and why, and whether that is what should have happened. Needs persistence and the platform. */
@Module({ controllers: [HistoryController], providers: [ExplanationsService, LedgerAuditsService] })
export class HistoryModule {}

/** Looks by itself whether the ledger is as promised. */
@Module({ providers: [LedgerAuditsService, SelfCheckService] })
export class SelfCheckModule {}
