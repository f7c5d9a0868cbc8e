import type { Schemas } from '../../api/client';

export type ScheduleInput = Schemas['ScheduleInput'];
export type Schedule = Schemas['Schedule'];

/** A schedule as it is being written: one text, and what the text does not say. */
export interface ScheduleDraft {
  /** Words, cron, a duration, RRULE or a date; several lines are several rules. */
  readonly text: string;
  /** Empty: the text's own, or UTC. */
  readonly timeZone: string;
  readonly startAt: string;
  readonly endAt: string;
  readonly maxRuns: string;
  readonly jitter: string;
  readonly exclude: readonly string[];
  readonly onExcluded: '' | 'skip' | 'nextBusinessDay' | 'previousBusinessDay';
  readonly gap: '' | 'after' | 'skip';
  readonly overlap: '' | 'first' | 'second' | 'both';
  /** Of what was read: kept as long as the text is. */
  readonly anchor: { readonly text: string; readonly anchorAt: string } | null;
}

export const EMPTY: ScheduleDraft = {
  ...{ text: '', timeZone: '', startAt: '', endAt: '', maxRuns: '', jitter: '', exclude: [] },
  ...{ onExcluded: '', gap: '', overlap: '', anchor: null },
};

export function draftOf(schedule: Schedule): ScheduleDraft {
  const text = textOf(schedule);
  return {
    text,
    timeZone: schedule.timeZone,
    startAt: schedule.startAt ?? '',
    endAt: schedule.endAt ?? '',
    maxRuns: schedule.maxRuns === undefined ? '' : String(schedule.maxRuns),
    jitter: schedule.jitter ?? '',
    exclude: schedule.exclude ?? [],
    onExcluded: schedule.onExcluded ?? '',
    gap: schedule.dst?.gap ?? '',
    overlap: schedule.dst?.overlap ?? '',
    anchor: schedule.type === 'interval' ? { text, anchorAt: schedule.anchorAt } : null,
  };
}

type Member = Extract<Schedule, { type: 'anyOf' }>['anyOf'][number];

function textOf(schedule: Schedule | Member): string {
  switch (schedule.type) {
    case 'cron':
      return schedule.expression;
    case 'interval':
      return schedule.every;
    case 'once':
      return schedule.at;
    case 'rrule':
      return schedule.rule;
    case 'anyOf':
      return schedule.anyOf.map(textOf).join('\n');
  }
}

/** What the service is given; null when nothing is written yet. */
export function inputOf(draft: ScheduleDraft): ScheduleInput | null {
  const lines = linesOf(draft.text);
  const [only] = lines;
  if (only === undefined) return null;
  const dst = { ...(draft.gap !== '' && { gap: draft.gap }), ...(draft.overlap !== '' && { overlap: draft.overlap }) };
  const common = {
    ...(draft.timeZone !== '' && !lines.some(namesZone) && { timeZone: draft.timeZone }),
    ...(draft.startAt !== '' && { startAt: draft.startAt }),
    ...(draft.endAt !== '' && { endAt: draft.endAt }),
    ...(draft.maxRuns !== '' && { maxRuns: Number(draft.maxRuns) }),
    ...(draft.jitter !== '' && { jitter: draft.jitter }),
    ...(draft.exclude.length > 0 && { exclude: [...draft.exclude] }),
    ...(draft.onExcluded !== '' && draft.exclude.length > 0 && { onExcluded: draft.onExcluded }),
    ...(Object.keys(dst).length > 0 && { dst }),
  };
  if (lines.length > 1) return { type: 'anyOf', anyOf: lines.map(ruleOf), ...common } as unknown as ScheduleInput;
  const anchored = draft.anchor !== null && draft.anchor.text === draft.text;
  return {
    ...ruleOf(only),
    ...(anchored && { anchorAt: draft.anchor?.anchorAt }),
    ...common,
  } as unknown as ScheduleInput;
}

export function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

const CRON_FIELD =
  /^[\d*/,\-?#LWH]*(?:(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|SUN|MON|TUE|WED|THU|FRI|SAT)[\d*/,\-?#LW]*)*$/i;

/** What kind of rule a line is; words are what is nothing else. */
export function ruleOf(line: string): { type: string } & Record<string, string> {
  const fields = line.split(/\s+/);
  if (line.startsWith('@')) return { type: 'cron', expression: line };
  if (fields.length >= 5 && fields.length <= 7 && fields.every((field) => CRON_FIELD.test(field))) {
    return { type: 'cron', expression: line };
  }
  if (/^P(?=[\dT])[\dYMWDTHS.]+$/i.test(line)) return { type: 'interval', every: line.toUpperCase() };
  if (/^\d+\s?[smhd]$/.test(line)) return { type: 'interval', every: line.replace(' ', '') };
  if (/FREQ=/i.test(line)) return { type: 'rrule', rule: line.replace(/^RRULE:/i, '') };
  if (/^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:\d{2})?$/.test(line)) return { type: 'once', at: line };
  return { type: 'words', text: line };
}

/** Words may say their zone by themselves; an instant needs none. */
export function namesZone(line: string): boolean {
  if (ruleOf(line).type === 'once') return /Z$|[+-]\d{2}:\d{2}$/.test(line);
  return ruleOf(line).type === 'words' && /\bUTC\b|\b[A-Z][A-Za-z]+\/[A-Z][A-Za-z_/]+/.test(line);
}
