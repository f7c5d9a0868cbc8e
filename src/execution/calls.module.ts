import { Module } from '@nestjs/common';
import { EgressModule } from '../platform/egress/egress.module.js';
import { SecretsModule } from '../platform/secrets/secrets.module.js';
import { Delivery } from './delivery.js';
import { RunSecrets } from './run-secrets.js';
import { AccessTokens } from './targets/access-tokens.js';
import { EgressGuard } from './targets/egress-guard.js';
import { HttpTarget } from './targets/http-target.js';

/** What makes calls to targets: for the runs of a worker, and for the tests of targets where the API is. */
@Module({
  imports: [EgressModule, SecretsModule],
  providers: [Delivery, RunSecrets, AccessTokens, HttpTarget, EgressGuard],
  exports: [Delivery, RunSecrets],
})
export class CallsModule {}
