// Memory of one replica under a steady load: it must not grow. Usage: node bench/memory.mjs [--minutes 30] [--rate 200] [--warm-up-minutes 3] [--quick] [--json]
import { account, latenessesOf, occurrencesOf } from './support/account.mjs';
import { Carillon } from './support/contestants.mjs';
import { cpuBetween, cpuOf, postmasterPid, redisPid } from './support/cpu.mjs';
import { numberOption } from './support/options.mjs';
import { below, cpuRow, none, progress, QUICK, report } from './support/report.mjs';
import { onStage } from './support/service.mjs';
import { Sink } from './support/sink.mjs';
import { growthOf, median, percentiles } from './support/statistics.mjs';

const RATE = numberOption('rate', QUICK ? 50 : 200);
const SECONDS = Math.round(numberOption('minutes', QUICK ? 0.1 : 30) * 60);
const WARM_UP_SECONDS = Math.round(numberOption('warm-up-minutes', QUICK ? 0.03 : 3) * 60);
const SAMPLE_MS = QUICK ? 250 : 2_000;
const GOAL_GROWTH_PERCENT = 5;

await onStage(async (stage) => {
  const databaseUrl = await stage.postgres();
  const redisUrl = await stage.redis();
  const pool = stage.pool(databaseUrl);
  const sink = await new Sink().start(stage);
  const service = await stage.service({ DATABASE_URL: databaseUrl, REDIS_URL: redisUrl });
  const carillon = new Carillon({ name: 'carillon-redis', service, pool, sink });
  const total = WARM_UP_SECONDS + SECONDS;
  const firstMs = Math.ceil(Date.now() / 1_000) * 1_000 + 3_000;
  const lastMs = firstMs + (total - 1) * 1_000;
  const names = Array.from({ length: RATE }, (_, n) => `memory-${n}`);
  const ids = await carillon.everySecond({ names, firstMs, lastMs });
  const pids = {
    service: carillon.pid,
    postgres: await postmasterPid(pool),
    redis: await redisPid(redisUrl),
    sink: sink.pid,
  };
  await sleepUntil(firstMs + WARM_UP_SECONDS * 1_000);
  const before = await cpuOf(pids);
  const samples = [];
  let toldMs = Date.now();
  while (Date.now() < lastMs) {
    samples.push(await carillon.memoryMb());
    if (Date.now() - toldMs > 60_000) {
      toldMs = Date.now();
      progress(`${Math.round((lastMs - toldMs) / 60_000)} minutes to go: ${samples.at(-1).toFixed(0)} MB`);
    }
    await sleepUntil(Date.now() + SAMPLE_MS);
  }
  const cpu = cpuBetween(before, await cpuOf(pids));
  await sink.waitFor(RATE * total, 10_000);
  const notRecorded = await carillon.notRecorded(RATE * total, firstMs, lastMs);
  const calls = await sink.calls();
  const { missing, doubled, repeated, early } = account(
    calls,
    occurrencesOf(
      ids,
      Array.from({ length: total }, (_, n) => firstMs + n * 1_000),
    ),
  );
  const { p50, p99 } = percentiles(latenessesOf(calls));
  const fifth = Math.max(1, Math.floor(samples.length / 5));
  report(`Memory of one replica at ${RATE} fires a second for ${SECONDS} s, after ${WARM_UP_SECONDS} s to warm up`, [
    below('growth, last fifth over first', growthOf(samples) * 100, '%', GOAL_GROWTH_PERCENT),
    { figure: 'memory, first fifth', value: median(samples.slice(0, fifth)), unit: 'MB' },
    { figure: 'memory, last fifth', value: median(samples.slice(-fifth)), unit: 'MB' },
    { figure: 'memory, largest', value: Math.max(...samples), unit: 'MB' },
    { figure: 'lateness p50', value: p50, unit: 'ms' },
    { figure: 'lateness p99', value: p99, unit: 'ms' },
    cpuRow('CPU', cpu, { overSeconds: SECONDS }),
    none('missing', missing),
    none('doubled, repeated or early', doubled + repeated + early),
    none('not recorded as succeeded', notRecorded),
  ]);
});

function sleepUntil(epochMs) {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, epochMs - Date.now())));
}
