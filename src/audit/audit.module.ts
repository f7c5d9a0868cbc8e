import { Module } from '@nestjs/common';
import { AuditLogController } from './audit-log.controller.js';

/** The audit log over HTTP; it is written with what it tells of (persistence/writes.ts). Needs persistence and the platform. */
@Module({ controllers: [AuditLogController] })
export class AuditModule {}
