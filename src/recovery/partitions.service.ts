import { Injectable, Logger } from '@nestjs/common';
import { PartitionsRepository } from '../persistence/partitions.repository.js';
import { Clock } from '../platform/clock.js';
import { Config } from '../platform/config.js';

const DAY_MS = 86_400_000;
const DAYS_AHEAD = 7;
const TRIM_ROWS = 5_000;

/** Keeps a partition of the ledger ready for each day to come, and drops the days that the retention has passed. */
@Injectable()
export class PartitionsService {
  private readonly logger = new Logger(PartitionsService.name);

  constructor(
    private readonly partitions: PartitionsRepository,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  /** Safe at any time and on every replica at once. */
  async maintain(): Promise<void> {
    const now = this.clock.now();
    const today = now - (now % DAY_MS);
    const existing = await this.partitions.list();
    const have = new Set(existing.map(({ day }) => day));
    // From yesterday on: what is overdue by a longer outage goes to the default partition and is trimmed there.
    for (let day = today - DAY_MS; day <= today + DAYS_AHEAD * DAY_MS; day += DAY_MS) {
      if (!have.has(day)) await this.partitions.create(day);
    }
    const keepFrom = now - this.config.runRetentionMs;
    for (const partition of existing) {
      if (partition.day + DAY_MS > keepFrom) break;
      const dropped = await this.partitions.dropIfEnded(partition);
      if (dropped) this.logger.log(`dropped ${partition.name}: every run in it is past RUN_RETENTION`);
      else this.logger.warn(`${partition.name} is past RUN_RETENTION but kept: runs in it are still open`);
    }
    let trimmed: number;
    do trimmed = await this.partitions.trimDefault(keepFrom, TRIM_ROWS);
    while (trimmed === TRIM_ROWS);
  }
}
