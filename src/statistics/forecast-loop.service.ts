import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import type { Instant } from '../domain/recurrence/schedule.js';
import { ForecastsRepository } from '../persistence/forecasts.repository.js';
import { Clock } from '../platform/clock.js';
import { FEW_JOBS, ForecastComputer } from './forecast-computer.js';

const EVERY_MS = 30_000;
/** How old a forecast may become. */
const STALE_MS = 600_000;
const PROJECTS_A_PASS = 20;
const NAME = 'forecasts';

/** Computes the forecasts of projects with many jobs. Every scheduler does; a claim in the row keeps them apart. */
@Injectable()
export class ForecastLoop implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  private readonly logger = new Logger(ForecastLoop.name);
  private running: Promise<void> | null = null;
  private stopping = false;

  constructor(
    private readonly forecasts: ForecastsRepository,
    private readonly computer: ForecastComputer,
    private readonly registry: SchedulerRegistry,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    const interval = setInterval(() => {
      this.running ??= this.pass(this.clock.now())
        .catch((error: unknown) => this.logger.warn(`forecasts go on in ${EVERY_MS} ms: ${String(error)}`))
        .finally(() => (this.running = null));
    }, EVERY_MS);
    this.registry.addInterval(NAME, interval);
  }

  onModuleDestroy(): void {
    this.stopping = true;
    if (this.registry.doesExist('interval', NAME)) this.registry.deleteInterval(NAME);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.running;
  }

  async pass(now: Instant): Promise<void> {
    for (const projectId of await this.forecasts.claim(now, now - STALE_MS, PROJECTS_A_PASS, FEW_JOBS)) {
      if (this.stopping) return;
      await this.forecasts.save(projectId, await this.computer.compute(projectId, now), now);
    }
  }
}
