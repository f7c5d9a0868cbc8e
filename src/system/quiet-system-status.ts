import { hostname } from 'node:os';
import { Injectable } from '@nestjs/common';
import { SystemStatus } from './system-status.js';

/** The answers of a replica that neither plans nor delivers. */
@Injectable()
export class QuietSystemStatus extends SystemStatus {
  readonly replicaId = `${hostname()}-${process.pid}`;

  leader(): null {
    return null;
  }

  slots(): { count: number; next: [] } {
    return { count: 0, next: [] };
  }

  queue(): Promise<{ waiting: number; running: number }> {
    return Promise.resolve({ waiting: 0, running: 0 });
  }

  degraded(): string[] {
    return [];
  }
}
