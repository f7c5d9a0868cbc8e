import { Module } from '@nestjs/common';
import { Config } from '../config.js';
import { KeyRing } from './key-ring.js';

/** The keys that secrets are sealed with. Needs the configuration. */
@Module({
  providers: [
    { provide: KeyRing, inject: [Config], useFactory: ({ encryptionKeys }: Config) => new KeyRing(encryptionKeys) },
  ],
  exports: [KeyRing],
})
export class SecretsModule {}
