import type { Replica } from './support/replica.js';
import { everySeconds } from './support/rhythm.js';
import { scenario } from './support/scenario.js';
import { amount } from './support/seed.js';
import type { Stage } from './support/stage.js';
import type { WatchedJob } from './support/watched-job.js';

const RACES = amount(500, 5_000);
/** Races over one due instant. */
const AT_ONCE = 50;

scenario('10 edit, pause, delete and trigger against the due instant', {}, async (stage) => {
  let jobs: WatchedJob[] = [];
  for (let raced = 0; raced < RACES; raced += AT_ONCE) {
    const wanted = Array.from({ length: AT_ONCE - jobs.length }, (_, n) => ({
      name: `race-${raced}-${n}`,
      path: 'race',
      rhythm: everySeconds(1),
    }));
    jobs.push(...(await stage.watch(wanted)));
    const dueAt = Math.ceil((stage.now().latest + 150) / 1_000) * 1_000;
    await Promise.all(jobs.map((job) => race(stage, job, dueAt)));
    jobs = jobs.filter(({ hasEnded }) => !hasEnded);
  }
});

/** One change that reaches a replica a little before, at or after the instant at which the job is due. */
async function race(stage: Stage, job: WatchedJob, dueAt: number): Promise<void> {
  const { random, cluster } = stage;
  const change = random.pick(['edit', 'pause', 'delete', 'trigger'] as const);
  const through: Replica = random.pick(cluster.replicas);
  const offsetMs = random.between(-60, 90);
  const step = random.pick([1, 2, 5]);
  await stage.pass(Math.max(0, dueAt + offsetMs - stage.now().latest));
  switch (change) {
    case 'edit':
      await stage.edit(job, { description: `${dueAt} ${offsetMs}` }, everySeconds(step), through);
      return;
    case 'pause':
      await stage.pause(job, through);
      return;
    case 'delete':
      await stage.remove(job, through);
      return;
    case 'trigger':
      await stage.trigger(job, through);
  }
}
