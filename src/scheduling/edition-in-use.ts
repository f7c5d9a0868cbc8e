import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { TZ_EDITION } from '../persistence/tz-edition.js';
import { TzEditionsRepository } from '../persistence/tz-editions.repository.js';
import { Clock } from '../platform/clock.js';

const SAID_EVERY_MS = 300_000;

/** Says of every replica, whatever its role, by which edition of the time zones it computes due times. */
@Injectable()
export class EditionInUse implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(EditionInUse.name);
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly editions: TzEditionsRepository,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    const say = (): void => {
      this.editions.use(TZ_EDITION, this.clock.now()).catch((error: unknown) => {
        this.logger.warn(`the edition of the time zones is said again in ${SAID_EVERY_MS} ms: ${String(error)}`);
      });
    };
    this.timer = setInterval(say, SAID_EVERY_MS);
    this.timer.unref();
    say();
  }

  onModuleDestroy(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }
}
