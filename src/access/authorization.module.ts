import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuthorizeGuard } from './authorize.guard.js';

/** Whether the sender of a request may do what it asks for. Comes after `IdentificationModule`. */
@Module({ providers: [{ provide: APP_GUARD, useClass: AuthorizeGuard }] })
export class AuthorizationModule {}
