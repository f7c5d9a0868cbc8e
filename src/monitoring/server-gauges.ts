import { Injectable } from '@nestjs/common';
import { LedgerHealthRepository } from '../persistence/ledger-health.repository.js';
import { Metrics } from '../platform/metrics.js';
import { Reading } from './reading.js';
import { RedisProbe } from './redis-probe.js';

const KEEP_MS = 5_000;

/** How this replica finds Postgres, and Redis where it has one. */
@Injectable()
export class ServerGauges {
  constructor(metrics: Metrics, database: LedgerHealthRepository, redis: RedisProbe) {
    const databaseAnswer = new Reading(() => timed(() => database.ping()), KEEP_MS);
    metrics.observed('carillon_database_up', '1 while the database answers this replica within a second', async () => {
      return (await databaseAnswer.get()) === null ? 0 : 1;
    });
    metrics.observed(
      'carillon_database_answer_seconds',
      'How long a trivial statement took, waiting for a connection too',
      () => databaseAnswer.get(),
    );
    metrics.observedBy(
      'carillon_database_connections',
      'Connections of this replica: busy, idle, or waited for',
      'state',
      () => database.connections(),
    );
    if (redis.isConfigured) this.observeRedis(metrics, redis);
  }

  private observeRedis(metrics: Metrics, redis: RedisProbe): void {
    const answer = new Reading(() => timed(() => redis.ping()), KEEP_MS);
    const policies = new Reading(() => redis.evictionPolicies(), 60_000);
    metrics.observed('carillon_redis_up', '1 while Redis answers this replica within a second', async () => {
      return (await answer.get()) === null ? 0 : 1;
    });
    metrics.observed('carillon_redis_answer_seconds', 'How long a PING took', () => answer.get());
    metrics.observed('carillon_redis_noeviction', '1 while Redis keeps what it has when it is full', async () => {
      const found = await policies.get();
      return found && (found.every((policy) => policy === 'noeviction') ? 1 : 0);
    });
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (performance.now() - startedMs) / 1_000;
}
