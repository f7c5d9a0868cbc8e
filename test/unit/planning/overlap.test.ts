import type { OverlapPolicy } from '../../../src/domain/job.js';
import type { OpenRuns } from '../../../src/domain/planning/overlap.js';
import { afterDecision, decideOverlap } from '../../../src/domain/planning/overlap.js';

type Row = [policy: OverlapPolicy, active: number, held: number, state: string, cancelOpen: boolean];

const TABLE: Row[] = [
  ['allow', 0, 0, 'queued', false],
  ['allow', 1, 0, 'queued', false],
  ['allow', 0, 1, 'queued', false],
  ['allow', 7, 7, 'queued', false],
  ['skip', 0, 0, 'queued', false],
  ['skip', 1, 0, 'skipped', false],
  ['skip', 0, 1, 'skipped', false],
  ['skip', 2, 2, 'skipped', false],
  ['queueOne', 0, 0, 'queued', false],
  ['queueOne', 1, 0, 'held', false],
  ['queueOne', 1, 1, 'skipped', false],
  ['queueOne', 0, 1, 'skipped', false],
  ['queueOne', 5, 0, 'held', false],
  ['queueAll', 0, 0, 'queued', false],
  ['queueAll', 1, 0, 'held', false],
  ['queueAll', 1, 9, 'held', false],
  ['queueAll', 0, 1, 'held', false],
  ['cancelRunning', 0, 0, 'queued', false],
  ['cancelRunning', 1, 0, 'queued', true],
  ['cancelRunning', 0, 1, 'queued', true],
  ['cancelRunning', 3, 3, 'queued', true],
];

test.each(TABLE)('%s beside %i active and %i held: %s', (policy, active, held, state, cancelOpen) => {
  const reason = state === 'skipped' ? 'overlap' : null;
  expect(decideOverlap(policy, { active, held })).toEqual({ state, reason, cancelOpen });
});

test.each<[OverlapPolicy, OpenRuns, OpenRuns]>([
  ['allow', { active: 2, held: 0 }, { active: 3, held: 0 }],
  ['skip', { active: 1, held: 0 }, { active: 1, held: 0 }],
  ['queueOne', { active: 1, held: 0 }, { active: 1, held: 1 }],
  ['queueOne', { active: 1, held: 1 }, { active: 1, held: 1 }],
  ['queueAll', { active: 1, held: 4 }, { active: 1, held: 5 }],
  ['cancelRunning', { active: 4, held: 2 }, { active: 1, held: 0 }],
])('%s leaves %o as %o', (policy, before, after) => {
  expect(afterDecision(before, decideOverlap(policy, before))).toEqual(after);
});
