import { Logger, Module } from '@nestjs/common';
import type { OnApplicationBootstrap } from '@nestjs/common';
import { EgressPolicy } from './egress-policy.js';

/** One policy for those who take targets and those who call them. */
@Module({ providers: [EgressPolicy], exports: [EgressPolicy] })
export class EgressModule implements OnApplicationBootstrap {
  constructor(private readonly policy: EgressPolicy) {}

  onApplicationBootstrap(): void {
    if (!this.policy.allowsLocal) return;
    new Logger('Egress').log('AUTH=open: targets may have loopback and private addresses too');
  }
}
