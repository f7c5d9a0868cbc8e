// A mixed load of many keys, sent at times drawn by chance whatever became of the requests before.
import { cpuBetween, cpuOf } from '../support/cpu.mjs';
import { latencies } from '../support/load.mjs';
import { KINDS } from '../support/load-kinds.mjs';
import { below, cpuRow, none, progress, QUICK, report } from '../support/report.mjs';
import { percentile, percentiles } from '../support/statistics.mjs';
import { notAsAnswered } from '../support/tenants.mjs';
import { windowFrom } from './windows.mjs';

const WARM_UP_SECONDS = QUICK ? 1 : 15;

/** A mixed load of so much a minute over all keys. `cpuGoal`: of the service, in percent of a core. */
export async function underLoad(
  { pids, others, tenants, pool, seconds: SECONDS },
  perMinute,
  p99GoalMs,
  cpuGoal = null,
) {
  progress(`${perMinute} requests a minute: ${WARM_UP_SECONDS} s to warm up, ${SECONDS} s measured`);
  const warmed = await others.run({ windows: [windowFrom(Date.now() + 500, WARM_UP_SECONDS)], perMinute, seed: 1 });
  const before = await cpuOf(pids);
  const startedMs = performance.now();
  const result = await others.run({ windows: [windowFrom(Date.now() + 100, SECONDS)], perMinute, seed: 2 });
  const seconds = (performance.now() - startedMs) / 1_000;
  const used = cpuBetween(before, await cpuOf(pids));
  const servicePercent = (used.service / seconds) * 100;
  const all = percentiles(latencies(result));
  const answered = result.at.length;
  report(
    `${perMinute} requests a minute for ${SECONDS} s over ${tenants.length * 10} keys of ${tenants.length} projects: read 80, list 10, write 10`,
    [
      { figure: 'requests', value: answered },
      { figure: 'latency p50', value: all.p50, unit: 'ms' },
      below('latency p99', all.p99, 'ms', p99GoalMs),
      { figure: 'latency, largest', value: all.max, unit: 'ms' },
      ...KINDS.map((kind, number) => {
        const { p99 } = percentiles(latencies(result, (index) => result.kinds[index] === number));
        return { figure: `${kind}, p99`, value: p99, unit: 'ms' };
      }),
      cpuGoal === null
        ? { figure: 'CPU of the service', value: servicePercent, unit: '% core' }
        : below('CPU of the service', servicePercent, '% core', cpuGoal),
      // On a machine that does something else beside it the figures are worth little.
      cpuRow('CPU of all parts', used, { overSeconds: seconds }),
      { figure: 'sent late, p99', value: percentile(result.sentLateMs.slice().sort(), 0.99), unit: 'ms' },
      { figure: 'changes read back', value: result.readsBack },
      none('errors and wrong answers', result.faults + warmed.faults),
      none('jobs not as answered', await notAsAnswered(pool, tenants, await others.account())),
    ],
  );
}
