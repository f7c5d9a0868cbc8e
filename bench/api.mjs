// The API: how many requests a second it answers, by turns with what its parts can do; many keys at once; and one key that asks
// for ten times its limit. Usage: node bench/api.mjs [--only throughput,load,abuse] [--repeat 3] [--block-seconds 5] [--kinds json,nest,read,select,list,insert,create,bulk] [--projects 1000] [--seconds 180] [--quick] [--json]
import { underAbuse, LIMIT_PER_MINUTE } from './api/abuse.mjs';
import { underLoad } from './api/mixed-load.mjs';
import { measureThroughput } from './api/throughput.mjs';
import { postmasterPid, redisPid } from './support/cpu.mjs';
import { Load } from './support/load.mjs';
import { listOption, numberOption } from './support/options.mjs';
import { progress, QUICK } from './support/report.mjs';
import { onStage } from './support/service.mjs';
import { Sink } from './support/sink.mjs';
import { seedTenants } from './support/tenants.mjs';

const ONLY = listOption('only', ['throughput', 'load', 'abuse']);
const PROJECTS = numberOption('projects', QUICK ? 50 : 1_000);
const SECONDS = numberOption('seconds', QUICK ? 3 : 180);

await onStage(async (stage) => {
  const databaseUrl = await stage.postgres();
  const redisUrl = await stage.redis();
  const pool = stage.pool(databaseUrl);
  const parts = { postgres: await postmasterPid(pool), redis: await redisPid(redisUrl) };
  const serve = (env) =>
    stage.service({
      ...{ DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, AUTH: 'keys', EGRESS_ALLOW: '127.0.0.0/8' },
      ...{ ROOT_API_KEY: 'the-root-key-of-this-benchmark', ...env },
    });
  if (ONLY.includes('throughput')) await measureThroughput({ stage, serve, pool, databaseUrl, parts });
  if (ONLY.includes('load') || ONLY.includes('abuse')) await manyKeys({ stage, serve, pool, parts });
});

async function manyKeys({ stage, serve, pool, parts }) {
  const sink = await new Sink().start(stage);
  progress(`registers ${PROJECTS} projects with 10 keys and 10 jobs each`);
  const tenants = await seedTenants(pool, PROJECTS, sink.url);
  const [firing] = await seedTenants(pool, 1, sink.url, { prefix: 'firing' });
  const [abuser] = await seedTenants(pool, 1, sink.url, { prefix: 'abuser' });
  await pool.query('VACUUM ANALYZE');
  const service = await serve({ RATE_LIMIT: `${LIMIT_PER_MINUTE}/1m` });
  const others = new Load(stage, { url: service.url, tenants });
  const pids = { service: service.child.pid, ...parts, generator: others.pid };
  const scene = { pids, others, tenants, pool, service, sink, firing, seconds: SECONDS };
  if (ONLY.includes('load')) {
    await underLoad(scene, 6_000, 25, 25);
    if (!QUICK) await underLoad(scene, 60_000, 60);
  }
  if (ONLY.includes('abuse')) {
    const [key] = abuser.writers;
    const its = [{ ...abuser, keys: [key], writers: [key] }];
    const load = new Load(stage, { url: service.url, tenants: its, toleratesRefusals: true });
    await underAbuse(scene, { load, tenant: abuser });
  }
}
