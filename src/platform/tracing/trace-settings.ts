/** Where traces are sent, and which of them. */
export interface TraceSettings {
  /** Of an OTLP receiver over HTTP, without `/v1/traces`. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  /** The share of traces that are kept, from 0 to 1. */
  readonly ratio: number;
}
