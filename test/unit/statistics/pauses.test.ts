import { clockChangesOf, pausesOf } from '../../../src/domain/statistics/pauses.js';

const active = (at: number) => ({ at, state: 'active' as const, pauseNote: null, pausedUntil: null });
const paused = (at: number, pausedUntil: number | null = null, pauseNote: string | null = null) => ({
  ...{ at, state: 'paused' as const, pauseNote, pausedUntil },
});

describe('pauses', () => {
  test.each([
    ['none', [active(0)], []],
    ['one that is over', [active(0), paused(10), active(20)], [{ from: 10, to: 20, note: null }]],
    ['one that lasts', [active(0), paused(10)], [{ from: 10, to: null, note: null }]],
    ['one with an end, which makes no version', [paused(10, 30)], [{ from: 10, to: 30, note: null }]],
    ['one that was ended before its end', [paused(10, 30), active(20)], [{ from: 10, to: 20, note: null }]],
    ['one that was edited meanwhile', [paused(10), paused(15), active(20)], [{ from: 10, to: 20, note: null }]],
    ['one that began before', [paused(-50), active(20)], [{ from: -50, to: 20, note: null }]],
    ['none that was over before', [paused(-50), active(-20)], []],
    [
      'one after another',
      [paused(10, 12, 'a'), active(40), paused(50, null, 'b')],
      [
        { from: 10, to: 12, note: 'a' },
        { from: 50, to: null, note: 'b' },
      ],
    ],
  ])('%s', (_name, revisions, expected) => {
    expect(pausesOf(revisions, 0, 100)).toEqual(expected);
  });
});

test('clock changes of a zone, with offsets of half hours and west of Greenwich', () => {
  const [from, to] = [Date.UTC(2026, 0, 1), Date.UTC(2026, 5, 1)];
  expect(clockChangesOf('Europe/Paris', from, to)).toEqual([
    { at: Date.UTC(2026, 2, 29, 1), before: '+01:00', after: '+02:00' },
  ]);
  expect(clockChangesOf('America/St_Johns', from, to)).toMatchObject([{ before: '-03:30', after: '-02:30' }]);
  expect(clockChangesOf('UTC', from, to)).toEqual([]);
  expect(clockChangesOf('Mars/Olympus', from, to)).toEqual([]);
});
