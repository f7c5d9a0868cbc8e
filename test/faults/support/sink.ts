import { startReceiver } from '../../support/receiver.js';
import type { AnswerRule, ReceivedRequest, Receiver } from '../../support/receiver.js';

/** One call as the target saw it. */
export interface Delivery {
  /** `webhook-id`. */
  readonly runId: string;
  readonly jobId: string;
  readonly scheduledFor: number;
  readonly attempt: number;
  readonly path: string;
  /** On the monotonic clock. */
  readonly arrivedAtMs: number;
}

/** The target of every job: records each call and answers as told by path. */
export class Sink {
  private constructor(private readonly receiver: Receiver) {}

  static async start(): Promise<Sink> {
    return new Sink(await startReceiver());
  }

  url(path: string): string {
    return `${this.receiver.url}/${path}`;
  }

  /** The rules answer a path's calls in turn, the last one repeats: `{ hang: true }`, `{ status: 503 }`, `{ delayMs: 900 }`. */
  answer(path: string, ...rules: AnswerRule[]): void {
    this.receiver.answer(`/${path}`, ...rules);
  }

  get count(): number {
    return this.receiver.requests.length;
  }

  deliveries(): Delivery[] {
    return this.receiver.requests.map(deliveryOf);
  }

  deliveriesTo(path: string): Delivery[] {
    return this.receiver.requestsTo(`/${path}`).map(deliveryOf);
  }

  close(): Promise<void> {
    return this.receiver.close();
  }
}

function deliveryOf({ headers, path, receivedAt }: ReceivedRequest): Delivery {
  return {
    runId: String(headers['webhook-id']),
    jobId: String(headers['carillon-job-id']),
    scheduledFor: Date.parse(String(headers['carillon-scheduled-for'])),
    attempt: Number(headers['carillon-attempt']),
    path,
    arrivedAtMs: receivedAt - performance.timeOrigin,
  };
}
