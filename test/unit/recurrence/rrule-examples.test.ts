import { localIso } from '../../../src/domain/recurrence/instants.js';
import { parseSchedule } from '../../../src/domain/recurrence/parse-schedule.js';
import { compileSchedule } from '../../../src/domain/recurrence/recurrence.js';

const TIME_ZONE = 'America/New_York';
const SEPTEMBER_2 = '19970902';

/** `1997-09-02`, each with the day before its comma: `1997-09-02,04 1997-10-12` is three days. */
function days(text: string): string[] {
  return text.split(' ').flatMap((month) => {
    return month
      .slice(8)
      .split(',')
      .map((day) => `${month.slice(0, 8)}${day}`);
  });
}

function firstOf(start: string, rule: string, count: number): string[] {
  const startAt = `${start.slice(0, 4)}-${start.slice(4, 6)}-${start.slice(6)}T09:00:00`;
  const parsed = parseSchedule({ type: 'rrule', rule, startAt, timeZone: TIME_ZONE }, { now: 0 });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const recurrence = compileSchedule(parsed.schedule, '');
  const found: string[] = [];
  let at = recurrence.next(Date.UTC(1990, 0));
  for (; at !== null && found.length < count; at = recurrence.next(at)) found.push(localIso(at, TIME_ZONE));
  return found;
}

// RFC 5545, 3.8.5.3, in its order: every example whose FREQ is DAILY or longer. "…" at the end: it goes on.
describe('the examples of RFC 5545', () => {
  it.each<[start: string, rule: string, expected: string]>([
    [SEPTEMBER_2, 'FREQ=DAILY;COUNT=10', '1997-09-02,03,04,05,06,07,08,09,10,11'],
    [SEPTEMBER_2, 'FREQ=DAILY;INTERVAL=2', '1997-09-02,04,06,08,10,12,14,16,18,20,22,24,26,28,30 1997-10-02,04 …'],
    [SEPTEMBER_2, 'FREQ=DAILY;INTERVAL=10;COUNT=5', '1997-09-02,12,22 1997-10-02,12'],
    [SEPTEMBER_2, 'FREQ=WEEKLY;COUNT=10', '1997-09-02,09,16,23,30 1997-10-07,14,21,28 1997-11-04'],
    [
      SEPTEMBER_2,
      'FREQ=WEEKLY;UNTIL=19971224T000000Z',
      '1997-09-02,09,16,23,30 1997-10-07,14,21,28 1997-11-04,11,18,25 1997-12-02,09,16,23',
    ],
    [
      SEPTEMBER_2,
      'FREQ=WEEKLY;INTERVAL=2;WKST=SU',
      '1997-09-02,16,30 1997-10-14,28 1997-11-11,25 1997-12-09,23 1998-01-06,20 1998-02-03,17 …',
    ],
    [
      SEPTEMBER_2,
      'FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH',
      '1997-09-02,04,09,11,16,18,23,25,30 1997-10-02',
    ],
    [SEPTEMBER_2, 'FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH', '1997-09-02,04,09,11,16,18,23,25,30 1997-10-02'],
    [
      '19970901',
      'FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR',
      '1997-09-01,03,05,15,17,19,29 1997-10-01,03,13,15,17,27,29,31 1997-11-10,12,14,24,26,28 1997-12-08,10,12,22',
    ],
    [SEPTEMBER_2, 'FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH', '1997-09-02,04,16,18,30 1997-10-02,14,16'],
    [
      '19970905',
      'FREQ=MONTHLY;COUNT=10;BYDAY=1FR',
      '1997-09-05 1997-10-03 1997-11-07 1997-12-05 1998-01-02 1998-02-06 1998-03-06 1998-04-03 1998-05-01 1998-06-05',
    ],
    ['19970905', 'FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR', '1997-09-05 1997-10-03 1997-11-07 1997-12-05'],
    [
      '19970907',
      'FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU',
      '1997-09-07,28 1997-11-02,30 1998-01-04,25 1998-03-01,29 1998-05-03,31',
    ],
    [
      '19970922',
      'FREQ=MONTHLY;COUNT=6;BYDAY=-2MO',
      '1997-09-22 1997-10-20 1997-11-17 1997-12-22 1998-01-19 1998-02-16',
    ],
    ['19970928', 'FREQ=MONTHLY;BYMONTHDAY=-3', '1997-09-28 1997-10-29 1997-11-28 1997-12-29 1998-01-29 1998-02-26 …'],
    [
      SEPTEMBER_2,
      'FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15',
      '1997-09-02,15 1997-10-02,15 1997-11-02,15 1997-12-02,15 1998-01-02,15',
    ],
    [
      '19970930',
      'FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1',
      '1997-09-30 1997-10-01,31 1997-11-01,30 1997-12-01,31 1998-01-01,31 1998-02-01',
    ],
    [
      '19970910',
      'FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15',
      '1997-09-10,11,12,13,14,15 1999-03-10,11,12,13',
    ],
    [
      SEPTEMBER_2,
      'FREQ=MONTHLY;INTERVAL=2;BYDAY=TU',
      '1997-09-02,09,16,23,30 1997-11-04,11,18,25 1998-01-06,13,20,27 1998-03-03,10,17,24,31 …',
    ],
    [
      '19970610',
      'FREQ=YEARLY;COUNT=10;BYMONTH=6,7',
      '1997-06-10 1997-07-10 1998-06-10 1998-07-10 1999-06-10 1999-07-10 2000-06-10 2000-07-10 2001-06-10 2001-07-10',
    ],
    [
      '19970310',
      'FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3',
      '1997-03-10 1999-01-10 1999-02-10 1999-03-10 2001-01-10 2001-02-10 2001-03-10 2003-01-10 2003-02-10 2003-03-10',
    ],
    [
      '19970101',
      'FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200',
      '1997-01-01 1997-04-10 1997-07-19 2000-01-01 2000-04-09 2000-07-18 2003-01-01 2003-04-10 2003-07-19 2006-01-01',
    ],
    ['19970519', 'FREQ=YEARLY;BYDAY=20MO', '1997-05-19 1998-05-18 1999-05-17 …'],
    ['19970512', 'FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO', '1997-05-12 1998-05-11 1999-05-17 …'],
    ['19970313', 'FREQ=YEARLY;BYMONTH=3;BYDAY=TH', '1997-03-13,20,27 1998-03-05,12,19,26 1999-03-04,11,18,25 …'],
    [
      '19970605',
      'FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8',
      '1997-06-05,12,19,26 1997-07-03,10,17,24,31 1997-08-07,14,21,28 1998-06-04,11,18,25 1998-07-02,09,16,23,30 …',
    ],
    [
      SEPTEMBER_2,
      'EXDATE;TZID=America/New_York:19970902T090000\nRRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13',
      '1998-02-13 1998-03-13 1998-11-13 1999-08-13 2000-10-13 …',
    ],
    [
      '19970913',
      'FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13',
      '1997-09-13 1997-10-11 1997-11-08 1997-12-13 1998-01-10 1998-02-07 1998-03-07 1998-04-11 1998-05-09 1998-06-13 …',
    ],
    [
      '19961105',
      'FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8',
      '1996-11-05 2000-11-07 2004-11-02 …',
    ],
    ['19970904', 'FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3', '1997-09-04 1997-10-07 1997-11-06'],
    [
      '19970929',
      'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2',
      '1997-09-29 1997-10-30 1997-11-27 1997-12-30 1998-01-29 1998-02-26 1998-03-30 …',
    ],
    ['19970805', 'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO', '1997-08-05,10,19,24'],
    ['19970805', 'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU', '1997-08-05,17,19,31'],
    ['20070115', 'FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5', '2007-01-15,30 2007-02-15 2007-03-15,30'],
  ])('%s %s', (start, rule, expected) => {
    const goesOn = expected.endsWith(' …');
    const wanted = days(goesOn ? expected.slice(0, -2) : expected);
    const found = firstOf(start, rule, goesOn ? wanted.length : wanted.length + 1);
    expect(found.map((local) => local.slice(0, 16))).toEqual(wanted.map((day) => `${day}T09:00`));
  });

  it('daily until Christmas Eve, across the end of summer time', () => {
    const found = firstOf(SEPTEMBER_2, 'FREQ=DAILY;UNTIL=19971224T000000Z', 200);
    expect(found).toHaveLength(113);
    expect([found[0], found[53], found[54], found.at(-1)]).toEqual([
      '1997-09-02T09:00:00-04:00',
      '1997-10-25T09:00:00-04:00',
      '1997-10-26T09:00:00-05:00',
      '1997-12-23T09:00:00-05:00',
    ]);
  });

  it.each([
    'FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA',
    'FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1',
  ])('every day in January, three years: %s', (rule) => {
    const found = firstOf('19980101', rule, 200);
    const all = ['1998', '1999', '2000'].flatMap((year) => {
      return Array.from({ length: 31 }, (_, day) => `${year}-01-${String(day + 1).padStart(2, '0')}T09:00:00-05:00`);
    });
    expect(found).toEqual(all);
  });

  it('every 20 minutes from 9 to 16:40 every day', () => {
    const found = firstOf(SEPTEMBER_2, 'FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40', 25);
    expect([...found.slice(0, 4), ...found.slice(23)].map((local) => local.slice(0, 16))).toEqual([
      '1997-09-02T09:00',
      '1997-09-02T09:20',
      '1997-09-02T09:40',
      '1997-09-02T10:00',
      '1997-09-02T16:40',
      '1997-09-03T09:00',
    ]);
  });
});
