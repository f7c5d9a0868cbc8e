import { Module } from '@nestjs/common';
import { MessagingModule } from '../messaging/messaging.module.js';
import { EgressModule } from '../platform/egress/egress.module.js';
import { SecretsModule } from '../platform/secrets/secrets.module.js';
import { QueueModule } from '../queue/queue.module.js';
import { Delivery } from './delivery.js';
import { Executor } from './executor.js';
import { Recorder } from './recorder.js';
import { RunTracing } from './run-tracing.js';
import { RunSecrets } from './run-secrets.js';
import { AccessTokens } from './targets/access-tokens.js';
import { RunCaps } from './run-caps.js';
import { EgressGuard } from './targets/egress-guard.js';
import { HttpTarget } from './targets/http-target.js';

@Module({
  imports: [QueueModule, MessagingModule, EgressModule, SecretsModule],
  providers: [Executor, Recorder, RunCaps, Delivery, RunTracing, RunSecrets, AccessTokens, HttpTarget, EgressGuard],
  exports: [Executor],
})
export class ExecutionModule {}
