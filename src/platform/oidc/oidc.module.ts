import { Module } from '@nestjs/common';
import { SignInDiscovery } from './sign-in-discovery.js';

/** Where the issuer signs people in, for whoever sends browsers there. */
@Module({ providers: [SignInDiscovery], exports: [SignInDiscovery] })
export class OidcModule {}
