import { Module } from '@nestjs/common';
import { MessagingModule } from '../messaging/messaging.module.js';
import { EgressModule } from '../platform/egress/egress.module.js';
import { QueueModule } from '../queue/queue.module.js';
import { Executor } from './executor.js';
import { Recorder } from './recorder.js';
import { RunCaps } from './run-caps.js';
import { EgressGuard } from './targets/egress-guard.js';
import { HttpTarget } from './targets/http-target.js';

@Module({
  imports: [QueueModule, MessagingModule, EgressModule],
  providers: [Executor, Recorder, RunCaps, HttpTarget, EgressGuard],
  exports: [Executor],
})
export class ExecutionModule {}
