import { everySeconds } from './rhythm.js';
import type { JobSpec, Stage } from './stage.js';

/** Quick ones, slow ones that are cut off in the middle, ones that fail first, and one of each policy. */
export function mixedJobs({ sink }: Stage, quick: number): JobSpec[] {
  sink.answer('slow', { delayMs: 700 });
  sink.answer('flaky', (_request, count) => ({ status: count % 3 === 0 ? 503 : 200 }));
  const grace = { graceMs: 1_000 };
  return [
    ...Array.from({ length: quick }, (_, n) => ({ name: `quick-${n}`, rhythm: everySeconds(1) })),
    ...Array.from({ length: 5 }, (_, n) => ({ name: `slow-${n}`, path: 'slow', rhythm: everySeconds(2) })),
    { name: 'flaky', rhythm: everySeconds(1), more: { retry: { maxAttempts: 20, initialDelay: 'PT0.2S' } } },
    { name: 'skip', rhythm: everySeconds(1), misfire: { ...grace, policy: 'skip' } },
    { name: 'run-last', rhythm: everySeconds(1), misfire: { ...grace, policy: 'runLast' } },
    { name: 'run-all', rhythm: everySeconds(1), misfire: { ...grace, policy: 'runAll' } },
    { name: 'queue-all', path: 'slow', rhythm: everySeconds(2), overlap: 'queueAll' },
    { name: 'overlap-skip', path: 'slow', rhythm: everySeconds(1), overlap: 'skip' },
  ];
}
