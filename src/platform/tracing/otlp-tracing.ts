import { Logger } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { diag, DiagLogLevel, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import type { Context, SpanContext, Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import type { IdGenerator } from '@opentelemetry/sdk-trace-base';
import { randomHex } from '../random-hex.js';
import { REPLICA_ID } from '../replica-id.js';
import { withTimeLimit } from '../time-limit.js';
import { VERSION } from '../version.js';
import { Tracing } from './tracing.js';
import type { SpanData } from './tracing.js';
import type { TraceContext } from './trace-context.js';
import type { TraceSettings } from './trace-settings.js';

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/** A herd's worth: beyond it spans are dropped, and nothing waits. */
const QUEUED_SPANS = 20_000;
const BATCH_SPANS = 1_000;
const BATCH_EVERY_MS = 1_000;
const EXPORT_LIMIT_MS = 10_000;
const FLUSH_LIMIT_MS = 500;
const COMPLAIN_EVERY_MS = 60_000;

/** A span is begun with the ids of its place, which were given out before. */
class GivenIds implements IdGenerator {
  next: TraceContext | null = null;

  generateTraceId(): string {
    return this.next?.traceId ?? randomHex(16);
  }

  generateSpanId(): string {
    return this.next?.spanId ?? randomHex(8);
  }
}

/** Sends spans to a collector by OTLP over HTTP. The only file that knows OpenTelemetry; loaded when an endpoint is set. */
export class OtlpTracing extends Tracing implements OnApplicationShutdown {
  readonly isOn = true;
  private readonly logger = new Logger('Tracing');
  private readonly ids = new GivenIds();
  private readonly sampler: TraceIdRatioBasedSampler;
  private readonly provider: BasicTracerProvider;
  private readonly tracer: Tracer;
  private complainedAtMs = -Infinity;

  constructor({ endpoint, headers, serviceName, ratio }: TraceSettings) {
    super();
    this.sampler = new TraceIdRatioBasedSampler(ratio);
    const complain = (message: string): void => this.complain(message);
    const ignore = (): void => undefined;
    diag.setLogger(
      { error: complain, warn: complain, info: ignore, debug: ignore, verbose: ignore },
      { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
    );
    const exporter = new OTLPTraceExporter({
      url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
      headers: { ...headers },
      timeoutMillis: EXPORT_LIMIT_MS,
    });
    this.provider = new BasicTracerProvider({
      resource: resourceFromAttributes({
        'service.name': serviceName,
        'service.version': VERSION,
        'service.instance.id': REPLICA_ID,
      }),
      idGenerator: this.ids,
      sampler: new ParentBasedSampler({ root: this.sampler }),
      spanProcessors: [
        new BatchSpanProcessor(exporter, {
          maxQueueSize: QUEUED_SPANS,
          maxExportBatchSize: BATCH_SPANS,
          scheduledDelayMillis: BATCH_EVERY_MS,
          exportTimeoutMillis: EXPORT_LIMIT_MS,
        }),
      ],
    });
    this.tracer = this.provider.getTracer('carillon', VERSION);
  }

  place(parent: TraceContext | null): TraceContext {
    if (parent !== null) return { ...parent, spanId: randomHex(8) };
    const traceId = randomHex(16);
    return { traceId, spanId: randomHex(8), sampled: this.samples(traceId) };
  }

  samples(traceId: string): boolean {
    return this.sampler.shouldSample(ROOT_CONTEXT, traceId).decision === SamplingDecision.RECORD_AND_SAMPLED;
  }

  write(at: TraceContext, parent: TraceContext | null, data: SpanData): void {
    if (!at.sampled) return;
    this.ids.next = at;
    const span = this.tracer.startSpan(
      data.name,
      {
        kind: KINDS[data.kind ?? 'internal'],
        startTime: data.startAt,
        ...(data.attributes && { attributes: data.attributes }),
        ...(data.links && { links: data.links.map((link) => ({ context: spanContextOf(link) })) }),
      },
      parent === null ? ROOT_CONTEXT : contextOf(parent),
    );
    this.ids.next = null;
    if (data.error != null) {
      span.setAttribute('error.type', data.error);
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end(Math.max(data.startAt, data.endAt));
  }

  async onApplicationShutdown(): Promise<void> {
    await withTimeLimit(this.provider.shutdown(), FLUSH_LIMIT_MS).catch(() => undefined);
  }

  /** A collector that is away is no reason to fill the log. */
  private complain(message: string): void {
    const nowMs = performance.now();
    if (nowMs - this.complainedAtMs < COMPLAIN_EVERY_MS) return;
    this.complainedAtMs = nowMs;
    this.logger.warn(`spans are not taken, and are dropped meanwhile: ${message.slice(0, 200)}`);
  }
}

function contextOf(place: TraceContext): Context {
  return trace.setSpanContext(ROOT_CONTEXT, spanContextOf(place));
}

function spanContextOf({ traceId, spanId, sampled }: TraceContext): SpanContext {
  return { traceId, spanId, traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE, isRemote: true };
}
