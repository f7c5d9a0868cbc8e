import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { formatInstant } from '../domain/recurrence/instants.js';
import { Clock } from '../platform/clock.js';
import { Config } from '../platform/config.js';
import type { Role } from '../platform/config.js';
import { CheckedRequests } from '../platform/contract/operations.js';
import { InstantText } from '../platform/contract/values.schema.js';
import { ApiProblems } from '../platform/openapi/api-problems.js';
import { VERSION } from '../platform/version.js';
import { ReplicaPresence } from './replica-presence.js';
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
    replicas: z
      .array(
        z.object({
          replicaId: z.string(),
          role: z.enum(['all', 'api', 'scheduler', 'worker']),
          version: z.string(),
          startedAt: InstantText,
          seenAt: InstantText,
          leader: z.boolean().describe('Whether a reign of it goes on.'),
        }),
      )
      .describe('Every process of the service that said within 30 s that it is there, the oldest first.'),
    reigns: z
      .array(
        z.object({
          epoch: z.int().nonnegative(),
          replicaId: z.string(),
          from: InstantText,
          to: InstantText.nullable().describe('Null: it goes on.'),
        }),
      )
      .describe(
        'Who led when: the last 50 reigns, the newest first. Without Redis every scheduler has one of its own.',
      ),
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
      replicas: [
        {
          replicaId: 'host-4711',
          role: 'all',
          version: '0.1.0',
          startedAt: '2026-03-29T00:00:00.000Z',
          seenAt: '2026-03-29T00:59:58.000Z',
          leader: true,
        },
      ],
      reigns: [{ epoch: 1, replicaId: 'host-4711', from: '2026-03-29T00:00:00.100Z', to: null }],
    },
  });

@ApiTags('operations')
@CheckedRequests()
@Controller('system')
export class SystemController {
  constructor(
    private readonly status: SystemStatus,
    private readonly presence: ReplicaPresence,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'getSystem',
    summary: 'How this replica sees the system',
    description: 'Version, leader, armed slots, queue, clock, what is degraded, all replicas and who led when.',
  })
  @ApiOkResponse({ standardSchema: System, description: 'The state of this replica' })
  @ApiProblems('invalid_parameter', 'unavailable')
  async read(): Promise<z.infer<typeof System>> {
    const slots = this.status.slots();
    const [leader, queue, present] = await Promise.all([
      this.status.leader(),
      this.status.queue(),
      this.presence.present(),
    ]);
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
      ...viewOf(present),
    };
  }
}

type Shown = Pick<z.infer<typeof System>, 'replicas' | 'reigns'>;

function viewOf({ replicas, reigns }: Awaited<ReturnType<ReplicaPresence['present']>>): Shown {
  return {
    replicas: replicas.map(({ role, startedAt, seenAt, ...replica }) => ({
      ...replica,
      role: role as Role,
      startedAt: formatInstant(startedAt),
      seenAt: formatInstant(seenAt),
    })),
    reigns: reigns.map(({ epoch, replicaId, beganAt, endedAt }) => {
      return { epoch, replicaId, from: formatInstant(beganAt), to: endedAt === null ? null : formatInstant(endedAt) };
    }),
  };
}
