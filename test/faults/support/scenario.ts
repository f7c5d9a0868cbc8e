import { runSeed } from './seed.js';
import { Stage } from './stage.js';
import type { StageOptions } from './stage.js';

/** Long runs are bounded by whoever starts them. */
const LIMIT_MS = 20 * 60_000;

/**
 * A scenario: a cluster of real processes, jobs that are watched, faults, and the account at the end.
 *
 *     scenario('4a Redis killed and restarted', { env: { LEADER_TTL: '1s' } }, async (stage) => {
 *       const { cluster, random, sink } = stage;
 *       sink.answer('slow', { delayMs: 700 });
 *       await stage.watch([
 *         ...Array.from({ length: 20 }, (_, n) => ({ name: `job-${n}`, rhythm: everySeconds(1) })),
 *         { name: 'slow', rhythm: everySeconds(2), misfire: { policy: 'runAll', graceMs: 1_000 } },
 *       ]);
 *       for (let round = 0; round < amount(2, 10); round += 1) {
 *         await cluster.redis?.stop('SIGKILL');
 *         await stage.pass(random.between(1_000, 4_000));
 *         (await cluster.leader()).freeze();          // thaw(), kill(), stop(), start() likewise
 *         await cluster.redis?.start();
 *         await stage.pass(2_000);
 *       }
 *       if ((await cluster.leaders()).length > 1) stage.breach('two leaders after Redis came back');
 *     });                                             // heals, ends the jobs, drains, audits, reports
 *
 * It passes when nothing is missing, doubled, early or otherwise broken. With `proxied: ['redis']` each replica has a
 * `redisProxy`: `set('cut')`, `set('blackhole')`, `delayMs = () => 500`, and with `proxied: ['postgres']` a `postgresProxy`
 * whose `intercept` holds, drops, or drops the answer of what it is shown. Where answers of Postgres are delayed, say so with
 * `clockLagMs`. The title begins with the scenario's number.
 */
export function scenario(title: string, options: StageOptions, play: (stage: Stage) => Promise<void>): void {
  it(
    title,
    async () => {
      const stage = await Stage.open(title, options);
      try {
        await play(stage);
        const broken = await stage.account();
        // The first ones tell what went wrong; thousands would only hide it.
        expect({ broken: broken.slice(0, 20), count: broken.length }).toEqual({ broken: [], count: 0 });
      } catch (error) {
        const replay = `npm run test:faults -- --only ${/^\d+/.exec(title)?.[0] ?? title} --seed ${runSeed()}`;
        process.stderr.write(`  ${title} FAILED; what the replicas said: ${stage.keepLogs()}; again: ${replay}\n`);
        throw error;
      } finally {
        await stage.close();
      }
    },
    LIMIT_MS,
  );
}
