import type pg from 'pg';
import { groupBy } from './group-by.js';
import { readLedger } from './ledger.js';
import type { LedgerRow } from './ledger.js';
import type { WatchedJob } from './watched-job.js';

interface Change {
  readonly job: WatchedJob;
  /** Older versions may plan no more; Infinity: no version may. */
  readonly version: number;
  /** Runs that were in the ledger when the answer had come. */
  readonly known: ReadonlySet<string>;
}

/** What users were told, and whether it held. */
export class Acknowledged {
  private readonly changes: Change[] = [];
  private readonly triggers: { readonly job: WatchedJob; readonly runId: string }[] = [];

  constructor(private readonly pool: pg.Pool) {}

  /** Right after the answer: what the ledger has of the job by now is all that older versions may ever have in it. */
  async change(job: WatchedJob, version: number): Promise<void> {
    const rows = await readLedger(this.pool, [job.id]);
    this.changes.push({ job, version, known: new Set(rows.map(({ id }) => id)) });
  }

  trigger(job: WatchedJob, runId: string): void {
    this.triggers.push({ job, runId });
  }

  /** One line for each word that was not kept. */
  broken(rows: readonly LedgerRow[]): string[] {
    const rowOf = new Map(rows.map((row) => [row.id, row]));
    const rowsOf = groupBy(rows, (row) => row.jobId);
    const planned = this.changes.flatMap(({ job, version, known }) =>
      (rowsOf.get(job.id) ?? [])
        .filter((row) => row.jobVersion < version && row.trigger !== 'manual' && !known.has(row.id))
        .map((row) => {
          const change = version === Infinity ? 'its end' : `version ${version}`;
          const at = new Date(row.scheduledFor).toISOString();
          return `broken: ${job.name} at ${at} has a run of version ${row.jobVersion} from after ${change} was acknowledged`;
        }),
    );
    const triggered = this.triggers.flatMap(({ job, runId }) => {
      const row = rowOf.get(runId);
      if (row?.state === 'succeeded' || (job.isDeleted && row?.reason === 'jobDeleted')) return [];
      return [
        `broken: run ${runId} of ${job.name} was triggered and acknowledged, and is ${row?.state ?? 'not there'}`,
      ];
    });
    return [...planned, ...triggered];
  }
}
