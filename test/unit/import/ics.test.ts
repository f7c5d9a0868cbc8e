import { readIcs } from '../../../src/domain/import/ics.js';
import { leastCpuMs } from '../recurrence/fastest.js';

function ics(...events: string[][]): string {
  const lines = events.flatMap((event) => ['BEGIN:VEVENT', ...event, 'END:VEVENT']);
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', ...lines, 'END:VCALENDAR', ''].join('\r\n');
}

test.each<[string, string[], object]>([
  [
    'all day, with its end or without',
    ['SUMMARY:Christmas\\, first day', 'DTSTART;VALUE=DATE:20261225', 'DTEND;VALUE=DATE:20261227'],
    { summary: 'Christmas, first day', start: '2026-12-25', end: '2026-12-27' },
  ],
  ['a day', ['DTSTART;VALUE=DATE:20261225'], { summary: '', start: '2026-12-25', end: '2026-12-26' }],
  [
    'in a zone, by a duration',
    ['DTSTART;TZID="Europe/Paris":20261225T090000', 'DURATION:PT90M'],
    { start: '2026-12-25T09:00:00', end: '2026-12-25T10:30:00', timeZone: 'Europe/Paris' },
  ],
  [
    'in UTC',
    ['DTSTART:20261225T090000Z', 'DTEND:20261225T100000Z'],
    { start: '2026-12-25T09:00:00.000Z', end: '2026-12-25T10:00:00.000Z' },
  ],
  [
    'an end in UTC',
    ['DTSTART;TZID=Europe/Paris:20260625T090000', 'DTEND:20260625T080000Z'],
    { start: '2026-06-25T09:00:00', end: '2026-06-25T10:00:00' },
  ],
  [
    'folded, and with an alarm inside',
    [
      'SUMMARY:A long',
      '  day',
      'DTSTART;VALUE=DATE:2026',
      ' 1225',
      'BEGIN:VALARM',
      'DURATION:PT5M',
      'SUMMARY:no',
      'END:VALARM',
    ],
    { summary: 'A long day', start: '2026-12-25', end: '2026-12-26' },
  ],
  [
    'that is repeated in a zone, up to an instant',
    [
      'DTSTART;TZID=Europe/Paris:20261225T090000',
      'DURATION:PT1H',
      'RRULE:FREQ=YEARLY;UNTIL=20301225T080000Z',
      'EXDATE;TZID=Europe/Paris:20271225T090000',
    ],
    { rule: 'FREQ=YEARLY;UNTIL=20301225T090000', exdates: ['2027-12-25T09:00:00'] },
  ],
  [
    'of each year, up to a day',
    ['DTSTART;VALUE=DATE:20261225', 'RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25;UNTIL=20301225'],
    { start: '2026-12-25', rule: 'FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25;UNTIL=20301225' },
  ],
])('an event %s', (_name, lines, expected) => {
  const read = readIcs(ics(lines));
  expect(read).toMatchObject({ events: [expected], losses: [] });
});

test('other dates of an event are events of their own, without those that are taken out', () => {
  const event = ['DTSTART;VALUE=DATE:20261225', 'RDATE;VALUE=DATE:20271225,20281225', 'EXDATE;VALUE=DATE:20271225'];
  expect(readIcs(ics(event))?.events.map(({ start }) => start)).toEqual(['2026-12-25', '2028-12-25']);
});

test.each<[string, string[], string]>([
  ['no start', ['SUMMARY:x'], 'malformed'],
  ['a start that is none', ['DTSTART:20261325'], 'malformed'],
  ['a zone that nobody knows', ['DTSTART;TZID=Mars/Base:20261225T090000', 'DURATION:PT1H'], 'unknown_zone'],
  ['what is cancelled', ['DTSTART:20261225', 'STATUS:CANCELLED'], 'left_out'],
  ['what takes no time', ['DTSTART:20261225T090000Z'], 'left_out'],
  ['an end before its start', ['DTSTART;VALUE=DATE:20261225', 'DTEND;VALUE=DATE:20261224'], 'left_out'],
  ['one changed repetition', ['DTSTART:20261225', 'RECURRENCE-ID:20261225'], 'not_understood'],
  ['times in a rule of days', ['DTSTART:20261225', 'RRULE:FREQ=DAILY;BYHOUR=9'], 'unsupported_rule'],
  ['a rule of hours', ['DTSTART:20261225T090000Z', 'DURATION:PT1H', 'RRULE:FREQ=HOURLY'], 'unsupported_rule'],
  ['a rule that is none', ['DTSTART;VALUE=DATE:20261225', 'RRULE:FREQ=NEVER'], 'unsupported_rule'],
])('reports %s, and goes on', (_name, lines, code) => {
  const read = readIcs(ics(['DTSTART;VALUE=DATE:20260101'], lines, ['DTSTART;VALUE=DATE:20260102']));
  expect(read?.events).toHaveLength(2);
  expect(read?.losses).toMatchObject([{ line: 6, code }]);
});

test('takes no other file, and no more events than a calendar may have', () => {
  expect(readIcs('BEGIN:VCARD\nEND:VCARD')).toBeNull();
  expect(readIcs('')).toBeNull();
  const many = readIcs(ics(...Array.from({ length: 1_100 }, () => ['DTSTART;VALUE=DATE:20261225'])));
  expect([many?.events.length, many?.losses.map(({ code }) => code)]).toEqual([1_000, ['too_many']]);
});

test('hostile files are read in no long time', () => {
  for (const text of [
    `BEGIN:VCALENDAR\n${'BEGIN:VEVENT\n'.repeat(70_000)}`,
    `BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART${';A=B'.repeat(250_000)}`,
    `BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:a${'\n a'.repeat(300_000)}`,
    `BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;X=${'",'.repeat(9_000)}:1\nEND:VEVENT`,
  ]) {
    expect(leastCpuMs(() => readIcs(text))).toBeLessThan(250);
  }
});
