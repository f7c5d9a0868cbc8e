import { Module, RequestMethod, UseInterceptors } from '@nestjs/common';
import type { NestInterceptor, OnModuleInit } from '@nestjs/common';
import { INTERCEPTORS_METADATA, METHOD_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryModule, DiscoveryService, HttpAdapterHost, MetadataScanner } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';
import { IdempotencyService } from './idempotency.service.js';

/** By the server that they work for: controllers are marked once for all applications of a process. */
const interceptors = new WeakMap<object, IdempotencyInterceptor>();

const ofItsApplication: NestInterceptor = {
  intercept(context, next) {
    const interceptor = interceptors.get(context.switchToHttp().getRequest<FastifyRequest>().server);
    if (interceptor === undefined) throw new Error('a POST came to a server without idempotency');
    return interceptor.intercept(context, next);
  },
};

/**
 * `Idempotency-Key` on every POST. Needs persistence and the platform. It is no global interceptor: having one costs every
 * read a fifth of its time, and only a POST has a use for it.
 */
@Module({ imports: [DiscoveryModule], providers: [IdempotencyService, IdempotencyInterceptor] })
export class IdempotencyModule implements OnModuleInit {
  /** Before the routes are made of the controllers. */
  constructor(
    discovery: DiscoveryService,
    scanner: MetadataScanner,
    private readonly interceptor: IdempotencyInterceptor,
    private readonly server: HttpAdapterHost,
  ) {
    for (const { metatype } of discovery.getControllers()) {
      const prototype = metatype?.prototype as object | undefined;
      if (prototype === undefined) continue;
      for (const name of scanner.getAllMethodNames(prototype)) {
        const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
        if (descriptor !== undefined && isPostUnmarked(descriptor.value as object)) {
          UseInterceptors(ofItsApplication)(prototype, name, descriptor);
        }
      }
    }
  }

  onModuleInit(): void {
    interceptors.set(this.server.httpAdapter.getInstance<object>(), this.interceptor);
  }
}

function isPostUnmarked(handler: object): boolean {
  const known = (Reflect.getMetadata(INTERCEPTORS_METADATA, handler) ?? []) as readonly unknown[];
  return Reflect.getMetadata(METHOD_METADATA, handler) === RequestMethod.POST && !known.includes(ofItsApplication);
}
