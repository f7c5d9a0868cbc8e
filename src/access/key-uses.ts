import { Injectable, Logger } from '@nestjs/common';
import type { ApiKey } from '../domain/access.js';
import { ApiKeysRepository } from '../persistence/api-keys.repository.js';
import { Clock } from '../platform/clock.js';

/** Shorter than a key is remembered, so that its next reading shows the use. */
const GATHER_MS = 500;

/**
 * Notes when keys are used, beside the requests, which do not wait for it. Thousands of keys are each worth a write a
 * minute: those of half a second share one, and its commit. What is lost is made up for by the key's next request.
 */
@Injectable()
export class KeyUses {
  private readonly logger = new Logger('Access');
  private used = new Map<string, Pick<ApiKey, 'projectId' | 'id'>>();

  constructor(
    private readonly keys: ApiKeysRepository,
    private readonly clock: Clock,
  ) {}

  note({ projectId, id }: Pick<ApiKey, 'projectId' | 'id'>): void {
    if (this.used.size === 0) setTimeout(() => this.write(), GATHER_MS).unref();
    this.used.set(id, { projectId, id });
  }

  private write(): void {
    const uses = [...this.used.values()];
    this.used = new Map();
    this.keys
      .noteUses(uses, this.clock.now())
      .catch((error: unknown) => this.logger.debug(`the use of ${uses.length} keys was not noted: ${String(error)}`));
  }
}
