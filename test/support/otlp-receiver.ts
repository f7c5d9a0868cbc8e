import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty at the root of a trace. */
  readonly parentSpanId: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** 2: an error. */
  readonly status: number;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly service: string;
}

/** Takes traces by OTLP over HTTP, in protobuf, as a collector would. */
export interface OtlpReceiver {
  url: string;
  spans: ReceivedSpan[];
  /** Of each export. */
  headers: IncomingHttpHeaders[];
  /** All that came, to be searched for what must not be there. */
  bodies: Buffer[];
  close(): Promise<void>;
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const bodies: Buffer[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const isExport = request.method === 'POST' && request.url === '/v1/traces';
      if (isExport && request.headers['content-type'] === 'application/x-protobuf') {
        headers.push(request.headers);
        bodies.push(body);
        spans.push(...spansIn(body));
        response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
      } else response.writeHead(404).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    ...{ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, headers, bodies },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** ExportTraceServiceRequest → ResourceSpans (1) → Resource (1), ScopeSpans (2) → Span (2). */
function spansIn(body: Buffer): ReceivedSpan[] {
  return messages(body, 1).flatMap((resourceSpans) => {
    const resource = messages(resourceSpans, 1).map((message) => attributesIn(message, 1))[0];
    return messages(resourceSpans, 2)
      .flatMap((scopeSpans) => messages(scopeSpans, 2))
      .map((span) => spanOf(span, String(resource?.['service.name'])));
  });
}

function spanOf(span: Buffer, service: string): ReceivedSpan {
  const status = messages(span, 15)[0];
  return {
    traceId: hex(span, 1),
    spanId: hex(span, 2),
    parentSpanId: hex(span, 4),
    name: messages(span, 5)[0]?.toString() ?? '',
    kind: number(span, 6),
    startMs: number(span, 7) / 1e6,
    endMs: number(span, 8) / 1e6,
    attributes: attributesIn(span, 9),
    status: status === undefined ? 0 : number(status, 3),
    links: messages(span, 13).map((link) => ({ traceId: hex(link, 1), spanId: hex(link, 2) })),
    service,
  };
}

function attributesIn(message: Buffer, field: number): Record<string, string | number | boolean> {
  return Object.fromEntries(
    messages(message, field).map((entry) => {
      const value = messages(entry, 2)[0] ?? Buffer.alloc(0);
      const text = messages(value, 1)[0];
      const known = fieldsOf(value)[0];
      const other = known?.number === 2 ? known.value === 1n : Number(known?.value ?? 0);
      return [messages(entry, 1)[0]?.toString() ?? '', text === undefined ? other : text.toString()];
    }),
  );
}

interface Field {
  readonly number: number;
  readonly value: bigint | Buffer;
}

/** The wire format of protobuf: varints, eight bytes, and what has a length. */
function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at] ?? 0;
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = Number(varint());
    const wire = tag & 7;
    if (wire === 0) fields.push({ number: tag >> 3, value: varint() });
    else if (wire === 2) {
      const length = Number(varint());
      fields.push({ number: tag >> 3, value: message.subarray(at, at + length) });
      at += length;
    } else {
      const bytes = wire === 1 ? 8 : 4;
      const value = wire === 1 ? message.readBigUInt64LE(at) : BigInt(message.readUInt32LE(at));
      fields.push({ number: tag >> 3, value });
      at += bytes;
    }
  }
  return fields;
}

function messages(message: Buffer, field: number): Buffer[] {
  return fieldsOf(message).flatMap(({ number, value }) => (number === field && Buffer.isBuffer(value) ? [value] : []));
}

function number(message: Buffer, field: number): number {
  const found = fieldsOf(message).find((entry) => entry.number === field)?.value;
  return typeof found === 'bigint' ? Number(found) : 0;
}

function hex(message: Buffer, field: number): string {
  return messages(message, field)[0]?.toString('hex') ?? '';
}
