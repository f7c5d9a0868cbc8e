import type { RunState } from '../../src/domain/run.js';
import { BIRTH_STATES, canMove, isEnd, OPEN_STATES } from '../../src/domain/run-state.js';

const ALL: RunState[] = ['queued', 'running', 'retrying', 'held', 'succeeded', 'failed', 'cancelled', 'skipped'];

const ALLOWED: Record<RunState, RunState[]> = {
  queued: ['running', 'cancelled'],
  held: ['queued', 'cancelled'],
  running: ['succeeded', 'failed', 'queued', 'retrying', 'cancelled'],
  retrying: ['running', 'cancelled', 'failed'],
  succeeded: [],
  failed: [],
  cancelled: [],
  skipped: [],
};

test.each(ALL.flatMap((from) => ALL.map((to) => [from, to] as const)))('%s to %s', (from, to) => {
  expect(canMove(from, to)).toBe(ALLOWED[from].includes(to));
});

test.each(ALL)('%s is either open or an end', (state) => {
  expect(OPEN_STATES.includes(state)).toBe(!isEnd(state));
});

test('a run is never born running, and every state can be reached from a birth', () => {
  const reached = new Set<RunState>(BIRTH_STATES);
  for (const state of reached) for (const to of ALL) if (canMove(state, to)) reached.add(to);
  expect([...reached].sort()).toEqual([...ALL].sort());
  expect(BIRTH_STATES).toEqual(['queued', 'held', 'skipped']);
});

test('every open state can be cancelled, and none waits for ever', () => {
  for (const state of OPEN_STATES) expect(canMove(state, 'cancelled')).toBe(true);
});
