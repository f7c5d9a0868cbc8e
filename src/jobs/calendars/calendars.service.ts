import { Injectable } from '@nestjs/common';
import { V7Generator } from 'uuidv7';
import { MOST_USERS } from '../../domain/calendar.js';
import type { Calendar } from '../../domain/calendar.js';
import { Problem } from '../../domain/errors.js';
import { isJsonObject, mergePatch, sameJson } from '../../domain/json.js';
import { refuseUnmet } from '../../domain/preconditions.js';
import type { Preconditions } from '../../domain/preconditions.js';
import { CalendarsRepository, isCalendarNameTaken } from '../../persistence/calendars.repository.js';
import type { CalendarUser } from '../../persistence/calendars.repository.js';
import type { Sql } from '../../persistence/database.js';
import { Writes } from '../../persistence/writes.js';
import { Clock } from '../../platform/clock.js';
import { pageById } from '../../platform/contract/id-pages.js';
import type { Page } from '../../platform/contract/page.js';
import { isUuid } from '../../platform/contract/values.schema.js';
import { faultsOfIssues } from '../../platform/validation/faults.js';
import { refuseBody } from '../../platform/validation/request-validation.pipe.js';
import { AfterCommit } from '../../queue/after-commit.js';
import { noteOfCalendar, settingsOfCalendar } from './calendar-view.js';
import { CalendarInput } from './calendar.schemas.js';
import type { CalendarListQuery } from './calendar.schemas.js';
import { MovedJobs } from './moved-jobs.js';
import type { Moved } from './moved-jobs.js';

const MOST_CALENDARS = 1_000;
const NAMED_USERS = 20;
const TRIES = 5;

const ids = new V7Generator();

export interface CalendarChange {
  readonly calendar: Calendar;
  readonly moved: Moved;
}

/** Another job began to use the calendar before it was locked. */
class UsersChangedError extends Error {}

const NOTHING_MOVED: Moved = { jobs: [], queued: [], cancelled: [], earliestDueAt: null };

/** Calendars of a project: created, read, changed with the jobs that use them, deleted when none does. */
@Injectable()
export class CalendarsService {
  constructor(
    private readonly calendars: CalendarsRepository,
    private readonly movedJobs: MovedJobs,
    private readonly writes: Writes,
    private readonly clock: Clock,
    private readonly afterCommit: AfterCommit,
  ) {}

  async create(projectId: string, input: CalendarInput): Promise<Calendar> {
    const now = this.clock.now();
    const id = ids.generateOrResetWithTs(now).toString();
    const calendar = { id, projectId, ...input, version: 1, createdAt: now, updatedAt: now };
    const write = this.writes.run(async (sql) => {
      const there = await this.calendars.count(projectId, MOST_CALENDARS, sql);
      if (there >= MOST_CALENDARS) {
        throw new Problem('quota_exceeded', `the project has ${MOST_CALENDARS} calendars, as many as it may have`);
      }
      await this.calendars.insert(calendar, sql);
      return { result: calendar, notes: [noteOfCalendar('calendar.create', null, calendar)] };
    });
    return refuseTakenName(write);
  }

  async get(projectId: string, id: string): Promise<Calendar> {
    return (isUuid(id) ? await this.calendars.find(projectId, id) : null) ?? noSuchCalendar();
  }

  list(projectId: string, query: CalendarListQuery): Promise<Page<Calendar>> {
    const scope = ['calendars', projectId];
    return pageById(query, scope, (afterId, limit) => this.calendars.page(projectId, afterId, limit));
  }

  patch(
    projectId: string,
    id: string,
    patch: Readonly<Record<string, unknown>>,
    conditions: Preconditions,
    dryRun: boolean,
  ): Promise<CalendarChange> {
    return this.change(projectId, id, conditions, dryRun, (calendar) => {
      const merged = mergePatch(settingsOfCalendar(calendar), patch);
      const parsed = CalendarInput.safeParse(isJsonObject(merged) ? merged : {});
      if (!parsed.success) throw refuseBody(faultsOfIssues(parsed.error.issues, merged));
      return parsed.data;
    });
  }

  /**
   * Another state of a calendar, and where it leaves the jobs that use it, in one transaction. Once it is acknowledged no
   * replica plans by the one before: a planner reads calendars under the locks of the jobs, and this commits under them. What
   * was due before is planned by the old one first.
   */
  async change(
    projectId: string,
    id: string,
    conditions: Preconditions,
    dryRun: boolean,
    decide: (calendar: Calendar) => CalendarInput,
  ): Promise<CalendarChange> {
    if (!isUuid(id)) return noSuchCalendar();
    const changed = await this.tryAgain(() =>
      dryRun
        ? this.writes.dryRun((sql) => this.changeOnce(projectId, id, conditions, decide, sql))
        : this.writes.attempt((sql) => this.changeOnce(projectId, id, conditions, decide, sql)),
    );
    if (!dryRun) {
      const { queued, cancelled, earliestDueAt } = changed.moved;
      // The leader looks from one due instant to the next: of thousands the first is enough.
      await this.afterCommit.announce({ queued, cancelled, dueAt: earliestDueAt });
    }
    return changed;
  }

  async delete(projectId: string, id: string, conditions: Preconditions): Promise<void> {
    await this.writes.run(async (sql) => {
      const calendar = (isUuid(id) ? await this.calendars.lock(projectId, id, sql) : null) ?? noSuchCalendar();
      refuseUnmet(conditions, calendar, 'calendar');
      const users = await this.calendars.users(projectId, calendar.name, NAMED_USERS + 1, sql);
      if (users.length > 0) throw inUse(users, 'deleted');
      await this.calendars.delete(projectId, id, sql);
      return { result: undefined, notes: [noteOfCalendar('calendar.delete', calendar, null)] };
    });
  }

  private async changeOnce(
    projectId: string,
    id: string,
    conditions: Preconditions,
    decide: (calendar: Calendar) => CalendarInput,
    sql: Sql,
  ) {
    const seen = (await this.calendars.find(projectId, id, sql)) ?? noSuchCalendar();
    const jobs = await this.movedJobs.lock(projectId, await this.usersOf(seen, sql), sql);
    const calendar = (await this.calendars.lock(projectId, id, sql)) ?? noSuchCalendar();
    refuseUnmet(conditions, calendar, 'calendar');
    const input = decide(calendar);
    if (sameJson(settingsOfCalendar(calendar), input)) return { result: { calendar, moved: NOTHING_MOVED }, notes: [] };
    // Nobody begins to use it any more; who did before the lock is seen now.
    const users = await this.usersOf(calendar, sql);
    const locked = new Map(jobs.map((job) => [job.id, job]));
    if (users.some((user) => !locked.has(user.id))) throw new UsersChangedError();
    if (input.name !== calendar.name && users.length > 0) throw inUse(users, 'renamed');
    const now = this.clock.now();
    const next = { ...calendar, ...input, version: calendar.version + 1, updatedAt: now };
    await this.calendars.update(next, sql);
    const moved = await this.movedJobs.move(
      users.flatMap((user) => locked.get(user.id) ?? []),
      next,
      now,
      sql,
    );
    return { result: { calendar: next, moved }, notes: [noteOfCalendar('calendar.update', calendar, next)] };
  }

  private async usersOf({ projectId, name }: Calendar, sql: Sql): Promise<CalendarUser[]> {
    const users = await this.calendars.users(projectId, name, MOST_USERS + 1, sql);
    if (users.length <= MOST_USERS) return users;
    const most = MOST_USERS.toLocaleString('en-US');
    const detail = `more than ${most} jobs use it, and one change moves no more: give some of them a calendar of their own`;
    throw refuseBody([{ pointer: '', code: 'too_many', detail }]);
  }

  private async tryAgain<Result>(write: () => Promise<Result>): Promise<Result> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await refuseTakenName(write());
      } catch (error) {
        if (!(error instanceof UsersChangedError)) throw error;
        if (tries >= TRIES) throw new Problem('unavailable', 'jobs begin to use it right now; try again', [], 1);
      }
    }
  }
}

async function refuseTakenName<Result>(write: Promise<Result>): Promise<Result> {
  try {
    return await write;
  } catch (error) {
    if (!isCalendarNameTaken(error)) throw error;
    const fault = { pointer: '/name', code: 'name_taken', detail: 'is taken' };
    throw new Problem('name_taken', 'another calendar of the project has this name', [fault]);
  }
}

function inUse(users: readonly CalendarUser[], what: string): Problem {
  const named = users.slice(0, NAMED_USERS).map(({ id, name }) => {
    return { pointer: '', code: 'calendar_in_use', detail: `the job "${name}" (${id}) uses it` };
  });
  const more = users.length > NAMED_USERS ? `more than ${NAMED_USERS} jobs use it` : 'jobs use it';
  return new Problem('calendar_in_use', `${more}: it can't be ${what} before they do without it`, named);
}

function noSuchCalendar(): never {
  throw new Problem('not_found', 'there is no such calendar');
}
