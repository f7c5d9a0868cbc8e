import { decideAdmission } from '../../../src/domain/run-caps.js';

describe('decideAdmission', () => {
  const candidate = (id: string, scheduledFor: number, called = false) => ({
    id,
    projectId: 'p',
    scheduledFor,
    called,
  });
  const decide = (standing: object, ...candidates: ReturnType<typeof candidate>[]) => [
    ...decideAdmission(candidates, new Map([['p', { cap: 2, running: 0, hasLine: false, ...standing }]])),
  ];

  it.each([
    ['the oldest while there is room', {}, ['b', 'c']],
    ['none when it is full', { running: 2 }, []],
    ['none when the quota was lowered', { running: 5 }, []],
    ['none that would jump the line', { hasLine: true }, []],
    ['all without a quota', { cap: null, hasLine: true }, ['b', 'c', 'a']],
  ])('%s', (_, standing, admitted) => {
    expect(decide(standing, candidate('a', 3), candidate('b', 1), candidate('c', 2))).toEqual(admitted);
  });

  it('those that were called first', () => {
    const candidates = [candidate('a', 1), candidate('b', 3, true), candidate('c', 2, true)];
    expect(decide({ hasLine: true }, ...candidates)).toEqual(['c', 'b']);
    expect(decide({ cap: 3 }, ...candidates)).toEqual(['c', 'b', 'a']);
  });
});
