import { readMoment } from './common-members.js';
import { formatLocal, parseInstant, parseLocalDateTime } from './instants.js';
import { OnceRule } from './once-rule.js';
import { quote } from './problems.js';
import type { OnceSchedule } from './schedule.js';
import type { ScheduleType } from './schedule-type.js';
import { resolveDst } from './wall-clock.js';
import { getZone } from './zone.js';

export const onceType: ScheduleType<OnceSchedule> = {
  type: 'once',
  members: ['at'],

  read(input, common, { problems }) {
    const at = readMoment(input, 'at', problems);
    if (input.at === undefined) {
      problems.add('/at', 'required', 'a once schedule needs at, such as 2026-12-24T18:00:00Z');
    }
    if (common.dst?.overlap === 'both') {
      problems.add('/dst/overlap', 'invalid_value', '"both" would fire twice; a once schedule takes first or second');
    }
    return at === undefined || problems.problems.length > 0 ? null : { type: 'once', at, ...common };
  },

  compile({ at, timeZone, dst }) {
    const instant = parseInstant(at);
    return instant === null ? OnceRule.ofLocal(localOf(at), getZone(timeZone), resolveDst(dst)) : new OnceRule(instant);
  },

  describe({ at, timeZone }) {
    const instant = parseInstant(at);
    const localMs = instant === null ? localOf(at) : instant + getZone(timeZone).offsetAt(instant);
    return `Once at ${formatLocal(localMs)
      .replace('T', ' ')
      .replace(/(:\d\d):00$/, '$1')} (${timeZone})`;
  },

  frequency() {
    return { timesPerDay: 0, shortestGapMs: null };
  },

  warnings() {
    return [];
  },
};

function localOf(at: string): number {
  const localMs = parseLocalDateTime(at);
  if (localMs === null) throw new RangeError(`${quote(at)} is not the moment of a normalised schedule`);
  return localMs;
}
