import { Carillon } from '../support/contestants.mjs';
import { postmasterPid, redisPid } from '../support/cpu.mjs';
import { progress, QUICK } from '../support/report.mjs';
import { until } from '../support/service.mjs';
import { Sink } from '../support/sink.mjs';
import { median } from '../support/statistics.mjs';
import { herdOf } from './herds.mjs';

const HERD = QUICK ? 200 : 5_000;

/** Herds through so many replicas on this one machine, by turns: they share its cores with all else. */
export async function byReplicas(stage, { replicas: counts, repeat }) {
  const databaseUrl = await stage.postgres();
  const redisUrl = await stage.redis();
  const pool = stage.pool(databaseUrl);
  const sink = await new Sink().start(stage);
  const parts = { postgres: await postmasterPid(pool), redis: await redisPid(redisUrl) };
  const results = new Map(counts.map((count) => [count, []]));
  for (let round = 1; round <= repeat; round += 1) {
    for (const count of counts) {
      const env = { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl };
      const services = await Promise.all(Array.from({ length: count }, () => stage.service(env)));
      await until(
        async () => (await Promise.all(services.map(leads))).includes(true),
        20_000,
        () => 'no leader',
      );
      const carillon = new Carillon({ name: 'carillon-redis', service: services[0], pool, sink });
      const pids = { ...parts, service: services.map(({ child }) => child.pid) };
      if (!QUICK) await herdOf(carillon, sink, pids, HERD); // compiles what all replicas run
      const result = await herdOf(carillon, sink, pids, HERD);
      results.get(count).push(result);
      progress(`round ${round} of ${repeat}, ${count} replicas: ${HERD} delivered after ${result.max.toFixed(0)} ms`);
      await Promise.all(services.map((service) => service.stop()));
    }
  }
  const of = (count, member) => median(results.get(count).map((result) => result[member]));
  return {
    figures: counts.map((count) => ({
      at: count,
      'delivered a second': { value: (HERD * 1_000) / of(count, 'max'), unit: '/s' },
      'lateness p50': { value: of(count, 'p50'), unit: 'ms' },
      'last delivery': { value: of(count, 'max'), unit: 'ms' },
      'CPU of a fire, all replicas': { value: of(count, 'serviceMicros'), unit: 'µs' },
      'CPU of a fire, Postgres': { value: of(count, 'postgresMicros'), unit: 'µs' },
      'CPU of a fire, Redis': { value: of(count, 'redisMicros'), unit: 'µs' },
    })),
    faults: [...results.values()].flat().reduce((sum, { faults }) => sum + faults, 0),
  };
}

async function leads({ url }) {
  return /^carillon_leader 1$/m.test(await (await fetch(`${url}/metrics`)).text());
}
