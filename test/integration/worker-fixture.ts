import { Delivery } from '../../src/execution/delivery.js';
import { Executor } from '../../src/execution/executor.js';
import { Recorder } from '../../src/execution/recorder.js';
import { RunSecrets } from '../../src/execution/run-secrets.js';
import { AccessTokens } from '../../src/execution/targets/access-tokens.js';
import { RunCaps } from '../../src/execution/run-caps.js';
import { EgressGuard } from '../../src/execution/targets/egress-guard.js';
import { HttpTarget } from '../../src/execution/targets/http-target.js';
import { ClaimsRepository } from '../../src/persistence/claims.repository.js';
import { RunCapsRepository } from '../../src/persistence/run-caps.repository.js';
import type { Database } from '../../src/persistence/database.js';
import { Clock } from '../../src/platform/clock.js';
import type { Config } from '../../src/platform/config.js';
import { EgressPolicy } from '../../src/platform/egress/egress-policy.js';
import { Lifecycle } from '../../src/platform/health/lifecycle.js';
import { KeyRing } from '../../src/platform/secrets/key-ring.js';
import { Metrics } from '../../src/platform/metrics.js';
import { LedgerRunQueue } from '../../src/queue/ledger-run-queue.js';
import type { RunQueue } from '../../src/queue/run-queue.js';
import { LocalMessages, testConfig } from './ledger-fixture.js';

export class HostClock extends Clock {
  readonly offsetMs = 0;

  constructor(protected lagMs = 0) {
    super();
  }

  async sync(): Promise<void> {}

  agrees(_databaseAt: number): boolean {
    return true;
  }

  now(): number {
    return Date.now() - this.lagMs;
  }
}

/** The parts of a replica that deliver. */
export interface Worker {
  readonly executor: Executor;
  readonly recorder: Recorder;
  readonly queue: RunQueue;
  readonly messages: LocalMessages;
  readonly metrics: Metrics;
  readonly lifecycle: Lifecycle;
  stop(): Promise<void>;
}

export interface WorkerSettings extends Partial<Config> {
  readonly queue?: (messages: LocalMessages, clock: Clock) => RunQueue;
  readonly messages?: LocalMessages;
  readonly clockLagMs?: number;
  readonly clock?: Clock;
}

export async function startWorker(database: Database, settings: WorkerSettings = {}): Promise<Worker> {
  const {
    queue: makeQueue = ledgerQueue,
    messages = new LocalMessages(),
    clockLagMs = 0,
    clock = new HostClock(clockLagMs),
    ...rest
  } = settings;
  const config = testConfig(rest);
  const metrics = new Metrics();
  const queue = makeQueue(messages, clock);
  const claims = new ClaimsRepository(database);
  const recorder = new Recorder(claims, queue, messages, clock, metrics);
  const target = new HttpTarget(new EgressGuard(new EgressPolicy(config)));
  const delivery = new Delivery(new RunSecrets(new KeyRing(config.encryptionKeys)), new AccessTokens(target), target);
  const caps = new RunCaps(new RunCapsRepository(database), queue, clock);
  const lifecycle = new Lifecycle();
  const executor = new Executor(claims, delivery, recorder, caps, queue, messages, clock, config, metrics, lifecycle);
  await executor.onApplicationBootstrap();
  return {
    ...{ executor, recorder, queue, messages, metrics, lifecycle },
    async stop() {
      await executor.onModuleDestroy();
      await target.onApplicationShutdown();
    },
  };
}

function ledgerQueue(messages: LocalMessages, clock: Clock): RunQueue {
  return new LedgerRunQueue(messages, clock);
}
