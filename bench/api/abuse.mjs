// One key that asks for ten times its limit, beside others and beside jobs that fire, in blocks by turns with quiet.
import { account, latenessesOf, occurrencesOf } from '../support/account.mjs';
import { everySecond } from '../support/contestants.mjs';
import { createJobs } from '../support/jobs.mjs';
import { latencies } from '../support/load.mjs';
import { below, none, progress, QUICK, report } from '../support/report.mjs';
import { percentiles } from '../support/statistics.mjs';
import { notAsAnswered } from '../support/tenants.mjs';
import { windowFrom } from './windows.mjs';

const WARM_UP_SECONDS = QUICK ? 1 : 15;
/** In a short run the abuser would not come to the end of the usual limit. */
export const LIMIT_PER_MINUTE = QUICK ? 120 : 1_200;
const ABUSE_PER_MINUTE = QUICK ? 12_000 : 10 * LIMIT_PER_MINUTE;
const QUIET_PER_MINUTE = 6_000;
const FIRING_JOBS = 60;
const BLOCK_SECONDS = QUICK ? 2 : 10;
/** Quiet, abused, abused, quiet, and so on: what drifts evenly weighs on both alike. */
const BLOCKS = QUICK ? 4 : 24;
const isAbused = (block) => block % 4 === 1 || block % 4 === 2;

/** One key at ten times its limit, beside the others and jobs that fire every second, in every second pair of blocks. */
export async function underAbuse({ others, tenants, pool, service, sink, firing }, abuser) {
  const startsAt = Math.ceil(Date.now() / 1_000) * 1_000 + (QUICK ? 2_500 : 5_500) + WARM_UP_SECONDS * 1_000;
  const blocks = Array.from({ length: BLOCKS }, (_, n) =>
    windowFrom(startsAt + n * BLOCK_SECONDS * 1_000, BLOCK_SECONDS),
  );
  const endsAt = blocks.at(-1)[1];
  // Whole seconds, half a second away from where blocks meet.
  const schedule = everySecond(startsAt + 500, endsAt - 500);
  const jobs = Array.from({ length: FIRING_JOBS }, (_, n) => ({ name: `firing-${n}`, schedule, target: sink.url }));
  const ids = await createJobs(service.url, jobs, firing.writers[0]);
  progress(
    `one key at ${ABUSE_PER_MINUTE} requests a minute, in ${BLOCKS} blocks of ${BLOCK_SECONDS} s by turns with quiet`,
  );
  const warmUp = windowFrom(startsAt - WARM_UP_SECONDS * 1_000, WARM_UP_SECONDS);
  const [beside, abused] = await Promise.all([
    others.run({ windows: [warmUp, [startsAt, endsAt]], perMinute: QUIET_PER_MINUTE, seed: 3 }),
    // It comes to its first block with its limit used up.
    abuser.load.run({
      windows: [warmUp, ...blocks.filter((_, n) => isAbused(n))],
      perMinute: ABUSE_PER_MINUTE,
      seed: 4,
    }),
  ]);
  const instants = Array.from({ length: (endsAt - startsAt) / 1_000 }, (_, n) => startsAt + 500 + n * 1_000);
  await sink.waitFor(ids.length * instants.length, 15_000);
  const calls = await sink.calls();
  const { missing, doubled, repeated } = account(calls, occurrencesOf(ids, instants));
  const blockOf = (ms) => Math.floor((ms - startsAt) / (BLOCK_SECONDS * 1_000));
  const of = (chosen) =>
    percentiles(latencies(beside, (index) => beside.at[index] >= startsAt && chosen(blockOf(beside.at[index]))));
  const quiet = of((block) => !isAbused(block));
  const busy = of(isAbused);
  const halves = [0, 3].map((turn) => of((block) => block % 4 === turn).p99);
  const fires = (chosen) => percentiles(latenessesOf(calls.filter((call) => chosen(blockOf(call.scheduledFor)))));
  const quietFires = fires((block) => !isAbused(block));
  const busyFires = fires(isAbused);
  const more = (now, then) => (now / then - 1) * 100;
  // Of any minute, so of those that the run takes, begun ones too; the limit is kept to 1 %.
  const allowed = 1.01 * LIMIT_PER_MINUTE * Math.ceil((endsAt - warmUp[0]) / 60_000);
  const served = Object.entries(abused.statuses).reduce((sum, [status, count]) => sum + (status < 300 ? count : 0), 0);
  report(
    `One key at ${ABUSE_PER_MINUTE} requests a minute, its limit ${LIMIT_PER_MINUTE}, beside ${QUIET_PER_MINUTE} requests a minute over ${tenants.length * 10} keys and ${FIRING_JOBS} jobs every second; quiet and abused by turns`,
    [
      { figure: 'its requests', value: abused.at.length },
      { figure: 'of these served', value: served },
      none('served beyond its limit', Math.max(0, Math.round(served - allowed))),
      { figure: 'of these refused (429)', value: abused.statuses[429] ?? 0 },
      { figure: 'latency p50 of the others, quiet', value: quiet.p50, unit: 'ms' },
      { figure: 'latency p50 of the others, abused', value: busy.p50, unit: 'ms' },
      { figure: 'latency p99 of the others, quiet', value: quiet.p99, unit: 'ms' },
      { figure: 'latency p99 of the others, abused', value: busy.p99, unit: 'ms' },
      below('p99 of the others, more by', more(busy.p99, quiet.p99), '%', 20),
      { figure: 'p99 of the halves of quiet, apart by', value: Math.abs(more(...halves)), unit: '%' },
      { figure: 'lateness p50 at the sink, quiet', value: quietFires.p50, unit: 'ms' },
      { figure: 'lateness p50 at the sink, abused', value: busyFires.p50, unit: 'ms' },
      { figure: 'lateness p99 at the sink, quiet', value: quietFires.p99, unit: 'ms' },
      { figure: 'lateness p99 at the sink, abused', value: busyFires.p99, unit: 'ms' },
      below('lateness p99, more by', more(busyFires.p99, quietFires.p99), '%', 20),
      { figure: 'fires', value: calls.length },
      none('fires missing', missing),
      none('fires doubled or repeated', doubled + repeated),
      none('errors and wrong answers', beside.faults + abused.faults),
      none(
        'jobs not as answered',
        (await notAsAnswered(pool, tenants, await others.account())) +
          (await notAsAnswered(pool, [abuser.tenant], await abuser.load.account())),
      ),
    ],
  );
}
