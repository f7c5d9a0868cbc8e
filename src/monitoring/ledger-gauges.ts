import { Injectable } from '@nestjs/common';
import type { Instant } from '../domain/recurrence/schedule.js';
import { LedgerHealthRepository } from '../persistence/ledger-health.repository.js';
import { PartitionsRepository } from '../persistence/partitions.repository.js';
import type { Partition } from '../persistence/partitions.repository.js';
import { Clock } from '../platform/clock.js';
import { Metrics } from '../platform/metrics.js';
import { Reading } from './reading.js';

const KEEP_MS = 5_000;
const KEEP_PARTITIONS_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * Gauges of the ledger, which is one for all replicas: whoever plans reads them when it is scraped, and each of those shows the
 * same. To be aggregated by max, never by sum.
 */
@Injectable()
export class LedgerGauges {
  constructor(
    metrics: Metrics,
    ledger: LedgerHealthRepository,
    partitions: PartitionsRepository,
    private readonly clock: Clock,
  ) {
    const backlog = new Reading(async () => {
      const now = clock.now();
      return { ...(await ledger.backlog(now)), now };
    }, KEEP_MS);
    const failing = new Reading(() => ledger.failingJobs(), KEEP_MS);
    const days = new Reading(() => partitions.list(), KEEP_PARTITIONS_MS);
    metrics.observed('carillon_queue_waiting', 'Runs that could start now, counted up to 10,000', async () => {
      return (await backlog.get())?.waiting ?? null;
    });
    metrics.observed(
      'carillon_queue_oldest_seconds',
      'How long the first of these runs has waited; 0: none',
      async () => {
        const found = await backlog.get();
        return found && ageSeconds(found.oldestAt, found.now);
      },
    );
    metrics.observed(
      'carillon_overdue_seconds',
      'How long the earliest due job has waited to be planned; 0: none',
      async () => {
        const found = await backlog.get();
        return found && ageSeconds(found.overdueAt, found.now);
      },
    );
    metrics.observed('carillon_failing_jobs', 'Active jobs whose last three runs or more failed, up to 1,000', () =>
      failing.get(),
    );
    metrics.observed(
      'carillon_partitions_ahead',
      'Days from tomorrow on whose partition is ready, without a gap',
      async () => {
        const found = await days.get();
        return found && this.daysAhead(found);
      },
    );
  }

  private daysAhead(partitions: readonly Partition[]): number {
    const ready = new Set(partitions.map(({ day }) => day));
    const now = this.clock.now();
    let day = now - (now % DAY_MS) + DAY_MS;
    let ahead = 0;
    for (; ready.has(day); day += DAY_MS) ahead += 1;
    return ahead;
  }
}

function ageSeconds(since: Instant | null, now: Instant): number {
  return since === null ? 0 : Math.max(0, now - since) / 1_000;
}
