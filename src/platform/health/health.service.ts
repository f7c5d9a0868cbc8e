import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Metrics } from '../metrics.js';
import { Degradation } from './degradation.js';
import { Lifecycle } from './lifecycle.js';

const DATABASE_PATIENCE_MS = 1_000;

/** Says why this replica can't serve right now; null when it can. */
@Injectable()
export class HealthService {
  private databaseLook: Promise<string | null> | null = null;

  constructor(
    private readonly lifecycle: Lifecycle,
    private readonly dataSource: DataSource,
    private readonly degradation: Degradation,
    metrics: Metrics,
  ) {
    metrics.countDegraded = () => degradation.degraded().length;
  }

  /** What does not work as it should, though traffic may come here. */
  degraded(): readonly string[] {
    return this.degradation.degraded();
  }

  whyNotStarted(): string | null {
    return this.lifecycle.phase === 'starting' ? 'the service is starting' : null;
  }

  async whyNotReady(): Promise<string | null> {
    if (this.lifecycle.phase !== 'started') return `the service is ${this.lifecycle.phase}`;
    // Probes that come while one look is under way share it, so that a hanging database isn't asked ever more.
    this.databaseLook ??= this.lookAtDatabase().finally(() => (this.databaseLook = null));
    return this.databaseLook;
  }

  private async lookAtDatabase(): Promise<string | null> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(
        () => resolve(`the database did not answer within ${DATABASE_PATIENCE_MS} ms`),
        DATABASE_PATIENCE_MS,
      );
    });
    const look = this.dataSource.query('SELECT 1').then(
      () => null,
      () => 'the database does not answer',
    );
    const found = await Promise.race([look, late]);
    clearTimeout(timer);
    return found;
  }
}
