import { Global, Module } from '@nestjs/common';
import { Config } from '../config.js';
import { NO_TRACING, Tracing } from './tracing.js';

/** Traces, when the settings name a collector. What makes them is loaded then only: it is an optional dependency. */
@Global()
@Module({
  providers: [
    {
      provide: Tracing,
      inject: [Config],
      useFactory: async ({ traces }: Config): Promise<Tracing> => {
        if (traces === null) return NO_TRACING;
        const { OtlpTracing } = await import('./otlp-tracing.js').catch((cause: unknown) => {
          throw new Error(
            'OTEL_EXPORTER_OTLP_ENDPOINT is set and the packages @opentelemetry/* are not installed: run `npm install` ' +
              'without --omit=optional, or unset it',
            { cause },
          );
        });
        return new OtlpTracing(traces);
      },
    },
  ],
  exports: [Tracing],
})
export class TracingModule {}
