import { cronType } from './cron-type.js';
import { intervalType } from './interval-type.js';
import { onceType } from './once-type.js';
import { quote } from './problems.js';
import { rruleType } from './rrule-type.js';
import type { RuleSchedule, Schedule } from './schedule.js';
import type { ScheduleType } from './schedule-type.js';
import { unionTypeOf } from './union-type.js';

type TypeTable<S extends Schedule> = { readonly [T in S['type']]: ScheduleType<Extract<S, { type: T }>> };

const RULE_TYPES: TypeTable<RuleSchedule> = {
  cron: cronType,
  interval: intervalType,
  once: onceType,
  rrule: rruleType,
};
const TYPES: TypeTable<Schedule> = {
  ...RULE_TYPES,
  // As in scheduleTypeOf, the table ties each name to its own type.
  anyOf: unionTypeOf((rule) => RULE_TYPES[rule.type]),
};

export const SCHEDULE_TYPE_NAMES = Object.keys(TYPES) as Schedule['type'][];

export function isScheduleTypeName(name: string): name is Schedule['type'] {
  return Object.hasOwn(TYPES, name);
}

/** The code behind a schedule's type. Throws RangeError for a type that this release does not know. */
export function scheduleTypeOf<S extends Schedule>(schedule: Pick<S, 'type'>): ScheduleType<S> {
  if (!isScheduleTypeName(schedule.type))
    throw new RangeError(`${quote(String(schedule.type))} is not a schedule type`);
  // The table ties each name to its own type, which TypeScript can't follow through a lookup by a union.
  return TYPES[schedule.type] as unknown as ScheduleType<S>;
}
