import type { Database } from '../../src/persistence/database.js';
import { PlanningRepository } from '../../src/persistence/planning.repository.js';
import { Metrics } from '../../src/platform/metrics.js';
import { Planner } from '../../src/scheduling/planner.js';
import { NO_TRACING } from '../../src/platform/tracing/tracing.js';
import type { JobDraft } from './ledger-fixture.js';
import { KeepingQueue, LocalMessages } from './ledger-fixture.js';

/** What plans in one replica, with what it handed over and said. */
export interface PlannerReplica {
  readonly planner: Planner;
  readonly queue: KeepingQueue;
  readonly messages: LocalMessages;
}

export function plannerReplica(database: Database): PlannerReplica {
  const queue = new KeepingQueue();
  const messages = new LocalMessages();
  return {
    queue,
    messages,
    planner: new Planner(new PlanningRepository(database), queue, messages, new Metrics(), NO_TRACING),
  };
}

/** Ticks until nothing is due; answers how many ticks found something. */
export async function planAll({ planner }: PlannerReplica, now: number, epoch = 1): Promise<number> {
  for (let ticks = 0; ; ticks += 1) if ((await planner.tick(now, epoch)).jobs === 0) return ticks;
}

export function many(count: number, draft: JobDraft = {}): JobDraft[] {
  return Array.from({ length: count }, () => draft);
}
