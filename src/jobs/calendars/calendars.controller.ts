import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query, Req, Res } from '@nestjs/common';
import {
  ApiConsumes,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiNotModifiedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { isKnown } from '../../domain/preconditions.js';
import type { Preconditions } from '../../domain/preconditions.js';
import { ApiIdParam, CheckedRequests, LINK, LOCATION } from '../../platform/contract/operations.js';
import { linkNext } from '../../platform/contract/page.js';
import type { HttpReply, HttpRequest, Page } from '../../platform/contract/page.js';
import { ApiIfMatch, ApiIfNoneMatch, ETAG, RequestPreconditions } from '../../platform/contract/preconditions.js';
import { ApiProblems } from '../../platform/openapi/api-problems.js';
import { ProjectId } from '../../platform/project.js';
import {
  CalendarChanged,
  CalendarInput,
  CalendarListQuery,
  CalendarPage,
  CalendarPatch,
  CalendarView,
  DryRunQuery,
} from './calendar.schemas.js';
import type { CalendarSummary } from './calendar.schemas.js';
import { answerCalendar, answerChange } from './calendar-answers.js';
import { summaryOfCalendar, tagCalendar, viewOfCalendar } from './calendar-view.js';
import { CalendarsService } from './calendars.service.js';

export const MOVES_JOBS =
  'In one transaction: jobs that use it are moved to where it leaves them; what was due before is planned first. ' +
  'A calendar that jobs use keeps its name, and one that more than 10,000 jobs use is not changed. ' +
  'With `dryRun` nothing is done, and the answer is what would be.';

@ApiTags('calendars')
@CheckedRequests()
@Controller('calendars')
export class CalendarsController {
  constructor(private readonly calendars: CalendarsService) {}

  @Post()
  @ApiOperation({
    operationId: 'createCalendar',
    summary: 'Create a calendar',
    description: 'A named set of days and times that schedules leave out by `exclude`.',
  })
  @ApiCreatedResponse({ standardSchema: CalendarView, description: 'Created', headers: { ...LOCATION, ...ETAG } })
  @ApiProblems(
    'malformed_json',
    'invalid_parameter',
    'name_taken',
    'body_too_large',
    'unsupported_media_type',
    'invalid',
    'quota_exceeded',
  )
  async create(
    @ProjectId() projectId: string,
    @Body({ schema: CalendarInput }) input: CalendarInput,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<CalendarView> {
    const calendar = await this.calendars.create(projectId, input);
    reply.header('location', `/calendars/${calendar.id}`);
    return answerCalendar(calendar, reply);
  }

  @Get()
  @ApiOperation({
    operationId: 'listCalendars',
    summary: 'List calendars',
    description: 'Newest first, by pages; without the events that were imported.',
  })
  @ApiOkResponse({ standardSchema: CalendarPage, description: 'A page of calendars', headers: LINK })
  @ApiProblems('invalid_parameter')
  async list(
    @ProjectId() projectId: string,
    @Query({ schema: CalendarListQuery }) query: CalendarListQuery,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<Page<CalendarSummary>> {
    const page = await this.calendars.list(projectId, query);
    linkNext(request, reply, page);
    return { data: page.data.map(summaryOfCalendar), page: page.page };
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getCalendar', summary: 'Read a calendar', description: 'As it is now.' })
  @ApiIdParam('calendar')
  @ApiIfNoneMatch('calendar')
  @ApiOkResponse({ standardSchema: CalendarView, description: 'The calendar', headers: ETAG })
  @ApiNotModifiedResponse({ description: 'Still as a tag of `If-None-Match` has it', headers: ETAG })
  @ApiProblems('invalid_parameter', 'not_found')
  async get(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @RequestPreconditions() { ifNoneMatch }: Preconditions,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<CalendarView | undefined> {
    const view = viewOfCalendar(await this.calendars.get(projectId, id));
    if (!isKnown(ifNoneMatch, tagCalendar(view, reply))) return view;
    reply.status(304);
    return undefined;
  }

  @Put(':id')
  @ApiOperation({ operationId: 'putCalendar', summary: 'Replace a calendar', description: MOVES_JOBS })
  @ApiIdParam('calendar')
  @ApiIfMatch('calendar')
  @ApiOkResponse({ standardSchema: CalendarChanged, description: 'The calendar, and which jobs moved', headers: ETAG })
  @ApiProblems(
    'malformed_json',
    'invalid_parameter',
    'not_found',
    'name_taken',
    'calendar_in_use',
    'precondition_failed',
    'body_too_large',
    'unsupported_media_type',
    'invalid',
  )
  async put(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Query({ schema: DryRunQuery }) { dryRun }: DryRunQuery,
    @Body({ schema: CalendarInput }) input: CalendarInput,
    @RequestPreconditions() conditions: Preconditions,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<CalendarChanged> {
    return answerChange(await this.calendars.change(projectId, id, conditions, dryRun, () => input), dryRun, reply);
  }

  @Patch(':id')
  @ApiConsumes('application/merge-patch+json', 'application/json')
  @ApiOperation({
    operationId: 'updateCalendar',
    summary: 'Change a calendar',
    description: `A JSON merge patch. ${MOVES_JOBS}`,
  })
  @ApiIdParam('calendar')
  @ApiIfMatch('calendar')
  @ApiOkResponse({ standardSchema: CalendarChanged, description: 'The calendar, and which jobs moved', headers: ETAG })
  @ApiProblems(
    'malformed_json',
    'invalid_parameter',
    'not_found',
    'name_taken',
    'calendar_in_use',
    'precondition_failed',
    'body_too_large',
    'unsupported_media_type',
    'invalid',
  )
  async update(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Query({ schema: DryRunQuery }) { dryRun }: DryRunQuery,
    @Body({ schema: CalendarPatch }) patch: Record<string, unknown>,
    @RequestPreconditions() conditions: Preconditions,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<CalendarChanged> {
    return answerChange(await this.calendars.patch(projectId, id, patch, conditions, dryRun), dryRun, reply);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteCalendar',
    summary: 'Delete a calendar',
    description: 'One that no job uses: what a job leaves out would fire. The refusal names jobs that do.',
  })
  @ApiIdParam('calendar')
  @ApiIfMatch('calendar')
  @ApiNoContentResponse({ description: 'Deleted' })
  @ApiProblems('invalid_parameter', 'not_found', 'calendar_in_use', 'precondition_failed')
  async delete(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @RequestPreconditions() conditions: Preconditions,
  ): Promise<void> {
    await this.calendars.delete(projectId, id, conditions);
  }
}
