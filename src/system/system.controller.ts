import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { formatInstant } from '../domain/recurrence/instants.js';
import { Clock } from '../platform/clock.js';
import { Config } from '../platform/config.js';
import { CheckedRequests } from '../platform/contract/operations.js';
import { ApiProblems } from '../platform/openapi/api-problems.js';
import { VERSION } from '../platform/version.js';
import { SystemStatus } from './system-status.js';

const System = z
  .object({
    version: z.string(),
    role: z.enum(['all', 'api', 'scheduler', 'worker']),
    replicaId: z.string(),
    leader: z
      .object({ replicaId: z.string(), self: z.boolean(), epoch: z.int().nonnegative() })
      .nullable()
      .describe('The replica that plans; null when none is known.'),
    slots: z.object({
      count: z.int().nonnegative(),
      next: z.array(z.iso.datetime()).describe('The next slots that are armed on this replica.'),
    }),
    queue: z.object({ waiting: z.int().nonnegative(), running: z.int().nonnegative() }),
    clockOffsetMs: z.int().describe("This host's clock minus the database's, which decides what is due."),
    tzdb: z.string().describe('The version of the time zone database in use.'),
    degraded: z.array(z.string()).describe('What does not work as it should right now; empty when all is well.'),
  })
  .meta({
    id: 'System',
    example: {
      version: '0.1.0',
      role: 'all',
      replicaId: 'host-4711',
      leader: { replicaId: 'host-4711', self: true, epoch: 1 },
      slots: { count: 1, next: ['2026-03-29T01:00:00.000Z'] },
      queue: { waiting: 0, running: 2 },
      clockOffsetMs: 3,
      tzdb: '2026a',
      degraded: [],
    },
  });

@ApiTags('operations')
@CheckedRequests()
@Controller('system')
export class SystemController {
  constructor(
    private readonly status: SystemStatus,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'getSystem',
    summary: 'How this replica sees the system',
    description: 'Version, leader, armed slots, queue, clock and what is degraded.',
  })
  @ApiOkResponse({ standardSchema: System, description: 'The state of this replica' })
  @ApiProblems('invalid_parameter', 'unavailable')
  async read(): Promise<z.infer<typeof System>> {
    const slots = this.status.slots();
    const [leader, queue] = await Promise.all([this.status.leader(), this.status.queue()]);
    return {
      version: VERSION,
      role: this.config.role,
      replicaId: this.status.replicaId,
      leader,
      slots: { count: slots.count, next: slots.next.map(formatInstant) },
      queue,
      clockOffsetMs: this.clock.offsetMs,
      tzdb: process.versions.tz ?? 'unknown',
      degraded: [...this.status.degraded()],
    };
  }
}
