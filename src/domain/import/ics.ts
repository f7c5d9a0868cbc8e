import { CALENDAR_LIMITS } from '../calendar.js';
import type { CalendarEvent } from '../calendar.js';
import { wallTimeOf } from '../recurrence/compile-calendar.js';
import { DAY_MS, parseDuration } from '../recurrence/duration.js';
import { formatInstant, formatLocal } from '../recurrence/instants.js';
import { quote } from '../recurrence/problems.js';
import { refuseRepetition } from '../recurrence/repeated-stretches.js';
import { findZone } from '../recurrence/zone.js';

/** Something of the file that is not in the calendar afterwards. `line` counts from 1, where its VEVENT begins. */
export interface IcsLoss {
  readonly line: number;
  /** Of the event, as far as it has one. */
  readonly summary: string;
  readonly code: 'malformed' | 'not_understood' | 'unknown_zone' | 'unsupported_rule' | 'left_out' | 'too_many';
  readonly detail: string;
}

export interface IcsCalendar {
  readonly events: readonly CalendarEvent[];
  readonly losses: readonly IcsLoss[];
}

interface Property {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly value: string;
}

interface Block {
  readonly line: number;
  readonly properties: readonly Property[];
}

/** A moment of the file: a date, a local time of a zone or of none, or an instant. */
interface Moment {
  readonly text: string;
  readonly form: 'date' | 'local' | 'utc';
  readonly timeZone: string | undefined;
}

class Unusable extends Error {
  constructor(
    readonly code: IcsLoss['code'],
    message: string,
  ) {
    super(message);
  }
}

const MAX_LINES = 200_000;
const MAX_LOSSES = 200;
const MAX_SUMMARY = 200;
const MAX_EXDATES = 200;
const MAX_RULE = 1_000;
const LONGEST_EVENT_MS = 3_660 * DAY_MS;
const MOMENT = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/;
const PROPERTY =
  /^([A-Za-z0-9-]{1,60})((?:;[A-Za-z0-9-]{1,60}=(?:"[^"]{0,500}"|[^";:,]{0,500})(?:,(?:"[^"]{0,500}"|[^";:,]{0,500}))*)*):(.*)$/;

/**
 * The events of an iCalendar file (RFC 5545) as stretches that a calendar leaves out: DTSTART with DTEND or DURATION, RRULE,
 * EXDATE and RDATE. What takes no time of anybody (TRANSP:TRANSPARENT) is no reason to be left out here: holidays are mostly
 * written so. Null: it is no such file. Never throws; each event that can't be carried over is reported, with its line.
 */
export function readIcs(text: string): IcsCalendar | null {
  const lines = unfolded(text);
  if (lines === null || lines.find(({ text }) => text !== '')?.text.toUpperCase() !== 'BEGIN:VCALENDAR') return null;
  const events: CalendarEvent[] = [];
  const losses: IcsLoss[] = [];
  let repeated = 0;
  const lose = (line: number, summary: string, code: IcsLoss['code'], detail: string): void => {
    if (losses.length < MAX_LOSSES) losses.push({ line, summary, code, detail });
  };
  for (const block of eventsOf(lines, lose)) {
    const summary = summaryOf(block);
    try {
      const read = readEvent(block, summary, (code, detail) => lose(block.line, summary, code, detail));
      if (events.length + read.length > CALENDAR_LIMITS.events) {
        lose(block.line, summary, 'too_many', `a calendar has at most ${CALENDAR_LIMITS.events} events`);
        break;
      }
      if (read.some(({ rule }) => rule !== undefined) && (repeated += 1) > CALENDAR_LIMITS.repeated) {
        lose(block.line, summary, 'too_many', `a calendar has at most ${CALENDAR_LIMITS.repeated} events with a rule`);
        continue;
      }
      events.push(...read);
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      lose(block.line, summary, error.code, error.message);
    }
  }
  return { events, losses };
}

/** Lines that begin with a space go on with the one before (RFC 5545, 3.1). Null: there are too many. */
function unfolded(text: string): { line: number; text: string }[] | null {
  const raw = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/, MAX_LINES + 1);
  if (raw.length > MAX_LINES) return null;
  const lines: { line: number; parts: string[] }[] = [];
  for (const [index, part] of raw.entries()) {
    const before = lines.at(-1);
    if (/^[ \t]/.test(part) && before !== undefined) before.parts.push(part.slice(1));
    else lines.push({ line: index + 1, parts: [part] });
  }
  return lines.map(({ line, parts }) => ({ line, text: parts.join('') }));
}

/** What stands inside of a part of an event, such as an alarm, is not the event's. */
function eventsOf(
  lines: readonly { line: number; text: string }[],
  lose: (line: number, summary: string, code: IcsLoss['code'], detail: string) => void,
): Block[] {
  const blocks: { line: number; properties: Property[] }[] = [];
  const open: string[] = [];
  let event: { line: number; properties: Property[] } | null = null;
  for (const { line, text } of lines) {
    const [, edge, name = ''] = /^(BEGIN|END):([A-Z-]{1,40})\s*$/i.exec(text) ?? [];
    const upper = name.toUpperCase();
    if (edge?.toUpperCase() === 'BEGIN') {
      open.push(upper);
      if (upper === 'VEVENT') event = { line, properties: [] };
      else if (upper === 'VTODO' || upper === 'VJOURNAL' || upper === 'VFREEBUSY') {
        lose(line, '', 'not_understood', `a ${upper} is no event`);
      }
    } else if (edge !== undefined) {
      open.pop();
      if (upper === 'VEVENT' && event !== null) {
        blocks.push(event);
        event = null;
      }
    } else if (event !== null && open.at(-1) === 'VEVENT') {
      const property = propertyOf(text);
      if (property !== null) event.properties.push(property);
    }
  }
  if (event !== null) lose(event.line, '', 'malformed', 'the event does not end');
  return blocks;
}

function propertyOf(text: string): Property | null {
  const [found, name = '', given = '', value = ''] = text.length > 20_000 ? [] : (PROPERTY.exec(text) ?? []);
  if (found === undefined) return null;
  const parameters = given
    .split(/;(?=(?:[^"]*"[^"]*")*[^"]*$)/)
    .filter((one) => one !== '')
    .map((one): [string, string] => {
      const at = one.indexOf('=');
      return [one.slice(0, at).toUpperCase(), one.slice(at + 1).replaceAll('"', '')];
    });
  return { name: name.toUpperCase(), parameters: new Map(parameters), value };
}

function summaryOf({ properties }: Block): string {
  const text = properties.find(({ name }) => name === 'SUMMARY')?.value ?? '';
  return text
    .replace(/\\n/gi, ' ')
    .replace(/\\([,;\\])/g, '$1')
    .replace(/[\p{Cc}\p{Surrogate}]/gu, ' ')
    .slice(0, MAX_SUMMARY)
    .replace(/\p{Surrogate}/gu, '')
    .trim();
}

function readEvent(
  { properties }: Block,
  summary: string,
  lose: (code: IcsLoss['code'], detail: string) => void,
): CalendarEvent[] {
  const all = (name: string): Property[] => properties.filter((property) => property.name === name);
  const one = (name: string): Property | undefined => all(name)[0];
  if (one('STATUS')?.value.toUpperCase() === 'CANCELLED') throw new Unusable('left_out', 'it is cancelled');
  if (one('RECURRENCE-ID') !== undefined) {
    throw new Unusable('not_understood', 'it changes one repetition of another event; that one stands as it was');
  }
  const start = one('DTSTART');
  if (start === undefined) throw new Unusable('malformed', 'it has no DTSTART');
  const from = momentOf(start, start.value);
  const lengthMs = lengthOf(from, one('DTEND'), one('DURATION'));
  const timeZone = from.timeZone === undefined ? {} : { timeZone: from.timeZone };
  const at = (text: string): CalendarEvent => ({
    summary,
    start: text,
    end: later(text, lengthMs, from.form),
    ...timeZone,
  });
  const others = (name: string): string[] =>
    all(name).flatMap((property) =>
      property.value.split(',', MAX_EXDATES + 1).flatMap((value) => {
        const moment = sameForm(from, momentOf(property, value));
        if (moment === null) lose('not_understood', `${name} ${quote(value)} is not written as DTSTART is`);
        return moment ?? [];
      }),
    );
  const exdates = others('EXDATE');
  const dates = others('RDATE').filter((text) => !exdates.includes(text));
  const rules = all('RRULE');
  if (rules.length === 0) return [...(exdates.includes(from.text) ? [] : [from.text]), ...dates].map(at);
  if (rules.length > 1 || one('EXRULE') !== undefined) {
    throw new Unusable('unsupported_rule', 'it has more than one rule');
  }
  if (exdates.length > MAX_EXDATES) throw new Unusable('too_many', `it has more than ${MAX_EXDATES} EXDATEs`);
  const rule = ruleOf(rules[0]?.value ?? '', from);
  const repeated = { ...at(from.text), rule, ...(exdates.length > 0 && { exdates }) };
  return [repeated, ...dates.map(at)];
}

function momentOf({ name, parameters }: Property, value: string): Moment {
  const [found, year, month, day, hour, minute, second, utc] = MOMENT.exec(value.trim()) ?? [];
  const date = `${year}-${month}-${day}`;
  const text = hour === undefined ? date : `${date}T${hour}:${minute}:${second === '60' ? '59' : second}${utc ?? ''}`;
  if (found === undefined || !isMoment(text))
    throw new Unusable('malformed', `${name} ${quote(value)} is no date and no time`);
  if (hour === undefined) return { text, form: 'date', timeZone: undefined };
  if (utc === 'Z') return { text: formatInstant(wallTimeOf(text)), form: 'utc', timeZone: undefined };
  const tzid = parameters.get('TZID')?.replace(/^\//, '');
  if (tzid !== undefined && findZone(tzid) === null) {
    throw new Unusable('unknown_zone', `${quote(tzid)} is not an IANA time zone`);
  }
  return { text, form: 'local', timeZone: tzid };
}

/** Written as the start of the event is; null where it says another kind of time. */
function sameForm(start: Moment, moment: Moment): string | null {
  if (moment.form === start.form && moment.timeZone === start.timeZone) return moment.text;
  if (start.form !== 'local' || moment.form !== 'utc' || start.timeZone === undefined) return null;
  const instant = wallTimeOf(moment.text);
  return formatLocal(instant + (findZone(start.timeZone)?.offsetAt(instant) ?? 0));
}

/** Without an end an event of a date has the whole day, and one of a time none (RFC 5545, 3.6.1). */
function lengthOf(start: Moment, end: Property | undefined, duration: Property | undefined): number {
  let ms = start.form === 'date' ? DAY_MS : 0;
  if (end !== undefined) {
    const until = sameForm(start, momentOf(end, end.value));
    if (until === null) throw new Unusable('not_understood', 'DTEND is not written as DTSTART is');
    ms = wallTimeOf(until) - wallTimeOf(start.text);
  } else if (duration !== undefined) {
    const given = parseDuration(duration.value.replace(/^\+/, ''));
    if (given === null || given.months > 0)
      throw new Unusable('malformed', `DURATION ${quote(duration.value)} is none`);
    ms = given.days * DAY_MS + given.elapsedMs;
  }
  if (ms <= 0) throw new Unusable('left_out', 'it takes no time');
  if (ms > LONGEST_EVENT_MS) throw new Unusable('too_many', 'it lasts longer than ten years');
  return ms;
}

/** Its end is meant as DTSTART is; it is written as a local time then, for the rule is read on the wall clock. */
function ruleOf(value: string, start: Moment): string {
  if (value.length > MAX_RULE) throw new Unusable('unsupported_rule', `it has more than ${MAX_RULE} characters`);
  const rule = value.trim().replace(/UNTIL=([0-9TZ]{8,16})/i, (_, until: string) => {
    const moment = momentOf({ name: 'UNTIL', parameters: new Map(), value: until }, until);
    const text = moment.form === 'utc' ? (sameForm(start, moment) ?? moment.text) : moment.text;
    return `UNTIL=${text.replace(/\.\d+/, '').replaceAll(/[-:Z]/g, '')}`;
  });
  const refusal = refuseRepetition(rule, wallTimeOf(start.text), start.form === 'date');
  if (refusal !== null) throw new Unusable('unsupported_rule', refusal);
  return rule;
}

function later(text: string, lengthMs: number, form: Moment['form']): string {
  const ms = wallTimeOf(text) + lengthMs;
  if (form === 'utc') return formatInstant(ms);
  return form === 'date' ? formatLocal(ms).slice(0, 10) : formatLocal(ms);
}

function isMoment(text: string): boolean {
  try {
    return Number.isFinite(wallTimeOf(text));
  } catch {
    return false;
  }
}
