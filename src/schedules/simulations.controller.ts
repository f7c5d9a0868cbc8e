import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { OccurrenceEdit } from '../domain/occurrence-edit.js';
import { simulate } from '../domain/planning/simulate.js';
import type { Simulation, Span } from '../domain/planning/simulate.js';
import { describeSchedule } from '../domain/recurrence/describe.js';
import { formatInstant, localIso } from '../domain/recurrence/instants.js';
import { parseSchedule } from '../domain/recurrence/parse-schedule.js';
import type { Instant, Schedule } from '../domain/recurrence/schedule.js';
import { CalendarsRepository } from '../persistence/calendars.repository.js';
import { Needs } from '../platform/access-rules.js';
import { Clock } from '../platform/clock.js';
import { CheckedRequests } from '../platform/contract/operations.js';
import { ApiProblems } from '../platform/openapi/api-problems.js';
import { ProjectId } from '../platform/project.js';
import { Costs, memberOf } from '../platform/request-cost.js';
import { refuseBody } from '../platform/validation/request-validation.pipe.js';
import { refuseUnknown } from './schedules.service.js';
import { SimulationInput, SimulationView } from './simulation.schemas.js';

/** A simulation belongs to no job: `H` and jitter are spread as for this one. */
const SEED = '00000000-0000-7000-8000-000000000000';
const DAY_MS = 86_400_000;

@ApiTags('schedules')
@CheckedRequests()
@Controller('schedules')
export class SimulationsController {
  constructor(
    private readonly calendars: CalendarsRepository,
    private readonly clock: Clock,
  ) {}

  @Post('simulate')
  @Needs('viewer')
  @Costs({ of: 'occurrences', each: 100 }, ({ body }) => memberOf(body, 'limit'))
  @HttpCode(200)
  @ApiOperation({
    operationId: 'simulateSchedule',
    summary: 'Simulate a job',
    description:
      'Lets a job of this schedule and these policies live through a span, with outages and pauses as imagined: what would run, wait, be skipped or cancelled, and why. By the same code that plans.',
  })
  @ApiOkResponse({ standardSchema: SimulationView, description: 'What becomes of each occurrence' })
  @ApiProblems(
    'malformed_json',
    'invalid_parameter',
    'body_too_large',
    'unsupported_media_type',
    'invalid',
    'schedule_never_fires',
  )
  async simulate(
    @ProjectId() projectId: string,
    @Body({ schema: SimulationInput }) input: z.infer<typeof SimulationInput>,
  ): Promise<SimulationView> {
    const from = input.from ?? this.clock.now();
    const to = input.to ?? from + DAY_MS;
    if (to <= from) throw refuseBody([{ pointer: '/to', code: 'out_of_range', detail: 'is not after the beginning' }]);
    const parsed = parseSchedule(input.schedule, { now: from });
    if (!parsed.ok) {
      throw refuseBody(parsed.problems.map((problem) => ({ ...problem, pointer: `/schedule${problem.pointer}` })));
    }
    const { schedule } = parsed;
    const { exclude = [] } = schedule;
    const calendars = await this.calendars.named(projectId, exclude);
    refuseUnknown(exclude, calendars);
    const { overlap, misfire, runDuration: runMs, limit } = input;
    const outages = inOrder(input.outages, '/outages');
    const pauses = inOrder(input.pauses, '/pauses');
    const rule = { schedule, calendars, seed: SEED, occurrenceEdits: input.occurrenceEdits.map(editOf) };
    return viewOf(schedule, simulate({ ...rule, overlap, misfire, from, to, runMs, outages, pauses, limit }));
  }
}

type Edit = z.infer<typeof SimulationInput>['occurrenceEdits'][number];

function editOf({ scheduledFor, action, to }: Edit): OccurrenceEdit {
  return { scheduledFor, action, to: to ?? null, body: null, note: null, isPlanned: false };
}

/** One that lies within another, or ends before it begins, says nothing clear. */
function inOrder(spans: readonly Span[], pointer: string): Span[] {
  const faults = spans.flatMap(({ from, to }, index) => {
    const before = spans[index - 1];
    if (to <= from) return [{ pointer: `${pointer}/${index}/to`, code: 'out_of_range', detail: 'is not after from' }];
    if (before === undefined || before.to <= from) return [];
    return [
      { pointer: `${pointer}/${index}/from`, code: 'out_of_range', detail: 'is before the end of the one before' },
    ];
  });
  if (faults.length > 0) throw refuseBody(faults);
  return [...spans];
}

function viewOf(schedule: Schedule, { runs, truncated }: Simulation): SimulationView {
  const textOf = (at: Instant | null): string | null => (at === null ? null : formatInstant(at));
  return {
    schedule,
    text: describeSchedule(schedule),
    occurrences: runs.map((run) => ({
      scheduledFor: formatInstant(run.scheduledFor),
      local: localIso(run.scheduledFor, schedule.timeZone),
      dueAt: formatInstant(run.dueAt),
      plannedAt: formatInstant(run.plannedAt),
      ...{ trigger: run.trigger, outcome: run.outcome, reason: run.reason },
      startedAt: textOf(run.startedAt),
      finishedAt: run.outcome === 'open' ? null : textOf(run.finishedAt),
    })),
    truncated,
  };
}
