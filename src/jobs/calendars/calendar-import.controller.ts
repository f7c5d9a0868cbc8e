import { Body, Controller, HttpCode, Param, Post, Query, Res, UseGuards } from '@nestjs/common';
import { ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { readIcs } from '../../domain/import/ics.js';
import type { Preconditions } from '../../domain/preconditions.js';
import { ApiIdParam } from '../../platform/contract/operations.js';
import type { HttpReply } from '../../platform/contract/page.js';
import { ApiIfMatch, ETAG, RequestPreconditions } from '../../platform/contract/preconditions.js';
import { CALENDAR_TYPE, TakesText, TextBody } from '../../platform/http/text-body.js';
import { ApiProblems } from '../../platform/openapi/api-problems.js';
import { ProjectId } from '../../platform/project.js';
import { refuseBody, RequestValidationPipe } from '../../platform/validation/request-validation.pipe.js';
import { UnknownParametersGuard } from '../../platform/validation/unknown-parameters.guard.js';
import { answerChange } from './calendar-answers.js';
import { CalendarImported, DryRunQuery, IcsSource } from './calendar.schemas.js';
import { MOVES_JOBS } from './calendars.controller.js';
import { CalendarsService } from './calendars.service.js';

/** Its body is a text, which the pipe of other controllers would not let through. */
@ApiTags('calendars')
@UseGuards(UnknownParametersGuard)
@Controller('calendars/:id/import')
export class CalendarImportController {
  constructor(private readonly calendars: CalendarsService) {}

  @Post()
  @HttpCode(200)
  @TakesText('calendar')
  @ApiConsumes(CALENDAR_TYPE)
  @ApiOperation({
    operationId: 'importCalendar',
    summary: 'Import an iCalendar file',
    description: `Its events take the place of those that were imported before; what is set otherwise stays. ${MOVES_JOBS}`,
  })
  @ApiIdParam('calendar')
  @ApiIfMatch('calendar')
  @ApiOkResponse({
    standardSchema: CalendarImported,
    description: 'The calendar, which jobs moved, and what was left behind',
    headers: ETAG,
  })
  @ApiProblems(
    'invalid_parameter',
    'not_found',
    'precondition_failed',
    'body_too_large',
    'unsupported_media_type',
    'invalid',
  )
  async import(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Query({ schema: DryRunQuery, pipes: [RequestValidationPipe] }) { dryRun }: DryRunQuery,
    @Body({ schema: IcsSource }) body: unknown,
    @RequestPreconditions() conditions: Preconditions,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<CalendarImported> {
    await this.calendars.get(projectId, id);
    const read = body instanceof TextBody ? readIcs(body.text) : null;
    if (read === null) {
      const detail = 'is not an iCalendar file: it begins with BEGIN:VCALENDAR';
      throw refuseBody([{ pointer: '', code: 'invalid_calendar', detail }]);
    }
    const notCarriedOver = read.losses.map((loss) => ({ ...loss }));
    const change = await this.calendars.patch(projectId, id, { events: read.events }, conditions, dryRun);
    return { ...answerChange(change, dryRun, reply), notCarriedOver };
  }
}
