import { Module } from '@nestjs/common';
import { CallsModule } from '../calls.module.js';
import { TargetTestsController } from './target-tests.controller.js';
import { TargetTestsService } from './target-tests.service.js';

/** `POST /targets/test`: goes with the API, not with the workers. */
@Module({ imports: [CallsModule], controllers: [TargetTestsController], providers: [TargetTestsService] })
export class TargetTestsModule {}
