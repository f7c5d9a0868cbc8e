import { Module } from '@nestjs/common';
import { MessagingModule } from '../messaging/messaging.module.js';
import { QueueModule } from '../queue/queue.module.js';
import { CallsModule } from './calls.module.js';
import { Executor } from './executor.js';
import { Recorder } from './recorder.js';
import { RunCaps } from './run-caps.js';

@Module({
  imports: [QueueModule, MessagingModule, CallsModule],
  providers: [Executor, Recorder, RunCaps],
  exports: [Executor],
})
export class ExecutionModule {}
