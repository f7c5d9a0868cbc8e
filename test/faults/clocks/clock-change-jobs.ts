import type { WallRule } from '../../support/brute-force.js';
import { cronIn } from '../support/rhythm.js';
import type { Rhythm } from '../support/rhythm.js';
import type { JobSpec } from '../support/stage.js';

/** They change together; Azores and Helsinki are three hours apart, Dublin's winter time is the exception, Troll moves by two hours. */
const ZONES = [
  'Atlantic/Azores',
  'Europe/Lisbon',
  'Europe/London',
  'Europe/Dublin',
  'Europe/Berlin',
  'Europe/Athens',
  'Europe/Helsinki',
  'Antarctica/Troll',
];

type AtChange = Pick<WallRule, 'gap' | 'overlap'>;
const USUAL: AtChange = { gap: 'after', overlap: 'first' };

/** Jobs whose occurrences at `changeAt` depend on what the zone's clock shows before and after, under each policy. */
export function clockChangeJobs(changeAt: number): JobSpec[] {
  return ZONES.flatMap((zone) => {
    const before = hourIn(zone, changeAt - 1);
    const after = hourIn(zone, changeAt);
    const step = (after - before + 24) % 24;
    if (step === 1) throw new Error(`${zone} does not change its clock at ${new Date(changeAt).toISOString()}`);
    const name = (text: string): string => `${zone.replace('/', '-')}-${text}`;
    const jobs: JobSpec[] = [
      { name: name('before'), rhythm: everySecondOf(zone, before) },
      { name: name('after'), rhythm: everySecondOf(zone, after) },
      { name: name('on'), rhythm: fixed(zone, after, 0) },
    ];
    if (step < 12) {
      const gap = (before + 1) % 24;
      return [
        ...jobs,
        { name: name('gap'), rhythm: fixed(zone, gap, 30) },
        { name: name('gap-start'), rhythm: fixed(zone, gap, 0) },
        { name: name('gap-skip'), rhythm: fixed(zone, gap, 30, { ...USUAL, gap: 'skip' }) },
      ];
    }
    return [
      ...jobs,
      { name: name('second'), rhythm: fixed(zone, after, 0, { ...USUAL, overlap: 'second' }) },
      { name: name('both'), rhythm: fixed(zone, after, 0, { ...USUAL, overlap: 'both' }) },
    ];
  });
}

function everySecondOf(zone: string, hour: number): Rhythm {
  return cronIn(zone, `* * ${hour} * * *`, { second: () => true, hour: (value) => value === hour });
}

function fixed(zone: string, hour: number, minute: number, dst: AtChange = USUAL): Rhythm {
  const rhythm = cronIn(zone, `${minute} ${hour} * * *`, {
    minute: (value) => value === minute,
    hour: (value) => value === hour,
    isFixedTime: true,
    ...dst,
  });
  return { ...rhythm, schedule: { ...(rhythm.schedule as object), dst } };
}

function hourIn(timeZone: string, at: number): number {
  return Number(new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', hourCycle: 'h23' }).format(at));
}
