import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import type { Instant } from '../domain/recurrence/schedule.js';
import { ForecastsRepository } from '../persistence/forecasts.repository.js';
import { Clock } from '../platform/clock.js';
import { RepeatedWork } from '../platform/repeated-work.js';
import { FEW_JOBS, ForecastComputer } from './forecast-computer.js';

const EVERY_MS = 30_000;
/** How old a forecast may become. */
const STALE_MS = 600_000;
const PROJECTS_A_PASS = 20;
const NAME = 'forecasts';

/** Computes the forecasts of projects with many jobs. Every scheduler does; a claim in the row keeps them apart. */
@Injectable()
export class ForecastLoop implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  private readonly repeated: RepeatedWork;
  private stopping = false;

  constructor(
    private readonly forecasts: ForecastsRepository,
    private readonly computer: ForecastComputer,
    registry: SchedulerRegistry,
    private readonly clock: Clock,
  ) {
    this.repeated = new RepeatedWork(registry, new Logger(ForecastLoop.name));
  }

  onApplicationBootstrap(): void {
    this.repeated.begin(NAME, EVERY_MS, () => this.pass(this.clock.now()));
  }

  onModuleDestroy(): void {
    this.stopping = true;
    this.repeated.end();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.repeated.over();
  }

  async pass(now: Instant): Promise<void> {
    for (const projectId of await this.forecasts.claim(now, now - STALE_MS, PROJECTS_A_PASS, FEW_JOBS)) {
      if (this.stopping) return;
      await this.forecasts.save(projectId, await this.computer.compute(projectId, now), now);
    }
  }
}
