// What strangers may do to the API: many keys at once, and one key that asks for ten times its limit. Usage: node bench/api.mjs [--projects 1000] [--seconds 180] [--only load|abuse] [--quick] [--json]
import { cpus } from 'node:os';
import { Redis } from 'ioredis';
import { createJobs } from './support/jobs.mjs';
import { latencies, Load, percentiles } from './support/load.mjs';
import { KINDS } from './support/load-kinds.mjs';
import { below, none, progress, QUICK, report } from './support/report.mjs';
import { cpuSecondsOfTree, onStage, until } from './support/service.mjs';
import { percentile, Sink } from './support/sink.mjs';
import { notAsAnswered, seedTenants } from './support/tenants.mjs';

const option = (name, byDefault) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? byDefault : process.argv[at + 1];
};
const PROJECTS = Number(option('projects', QUICK ? 50 : 1_000));
const SECONDS = Number(option('seconds', QUICK ? 5 : 180));
const WARM_UP_SECONDS = QUICK ? 2 : 15;
const ONLY = option('only', 'all');

const QUIET_PER_MINUTE = 6_000;
const BUSY_PER_MINUTE = QUICK ? 12_000 : 60_000;
/** In a short run the abuser would not come to the end of the usual limit. */
const LIMIT_PER_MINUTE = QUICK ? 120 : 1_200;
const ABUSE_PER_MINUTE = QUICK ? 12_000 : 10 * LIMIT_PER_MINUTE;

const FIRING_JOBS = 60;
const BLOCK_SECONDS = QUICK ? 2 : 10;
/** Quiet, abused, abused, quiet, and so on: what drifts evenly weighs on both alike. */
const BLOCKS = QUICK ? 4 : 24;
const isAbused = (block) => block % 4 === 1 || block % 4 === 2;

const ROOT_KEY = 'the-root-key-of-this-benchmark';

await onStage(async (stage) => {
  const databaseUrl = await stage.postgres();
  const redisUrl = await stage.redis();
  const pool = stage.pool(databaseUrl);
  const sink = await new Sink().start(stage);
  progress(`registers ${PROJECTS} projects with 10 keys and 10 jobs each`);
  const tenants = await seedTenants(pool, PROJECTS, sink.url);
  const [firing] = await seedTenants(pool, 1, sink.url, 'firing');
  const [abuser] = await seedTenants(pool, 1, sink.url, 'abuser');
  await pool.query('VACUUM ANALYZE');
  const service = await stage.service({
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    AUTH: 'keys',
    ROOT_API_KEY: ROOT_KEY,
    EGRESS_ALLOW: '127.0.0.0/8',
    RATE_LIMIT: `${LIMIT_PER_MINUTE}/1m`,
  });
  const meters = { service: service.child.pid, postgres: await postmasterPid(pool), redis: await redisPid(redisUrl) };
  const others = new Load(stage, { url: service.url, tenants });
  const scene = { meters, others, tenants, pool, service, sink, firing, stage };

  if (ONLY !== 'abuse') {
    await underLoad(scene, QUIET_PER_MINUTE, 25, 25);
    await underLoad(scene, BUSY_PER_MINUTE, 60);
  }
  if (ONLY !== 'load') {
    const [key] = abuser.writers;
    const abuserLoad = new Load(stage, {
      url: service.url,
      tenants: [{ ...abuser, keys: [key], writers: [key] }],
      toleratesRefusals: true,
    });
    await underAbuse(scene, { load: abuserLoad, tenant: abuser });
  }
});

/** A mixed load of so much a minute over all keys. `cpuGoal`: of the service, in percent of a core. */
async function underLoad({ meters, others, tenants, pool }, perMinute, p99GoalMs, cpuGoal = null) {
  progress(`${perMinute} requests a minute: ${WARM_UP_SECONDS} s to warm up, ${SECONDS} s measured`);
  const warmed = await others.run({ windows: [windowFrom(Date.now() + 500, WARM_UP_SECONDS)], perMinute, seed: 1 });
  const before = await cpuOf(meters);
  const startedMs = performance.now();
  const result = await others.run({ windows: [windowFrom(Date.now() + 100, SECONDS)], perMinute, seed: 2 });
  const seconds = (performance.now() - startedMs) / 1_000;
  const after = await cpuOf(meters);
  const cpu = (name) => ((after[name] - before[name]) / seconds) * 100;
  const generator = (result.cpuSeconds / seconds) * 100;
  const ours = cpu('service') + cpu('postgres') + cpu('redis') + generator;
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
        ? { figure: 'CPU of the service', value: cpu('service'), unit: '% core' }
        : below('CPU of the service', cpu('service'), '% core', cpuGoal),
      { figure: 'CPU of Postgres', value: cpu('postgres'), unit: '% core' },
      { figure: 'CPU of Redis', value: cpu('redis'), unit: '% core' },
      { figure: 'CPU of the load generator', value: generator, unit: '% core' },
      // On a machine that does something else beside it the figures are worth little.
      { figure: 'CPU of all else on the machine', value: cpu('machine') - ours, unit: '% core' },
      { figure: 'sent late, p99', value: percentile(result.sentLateMs.slice().sort(), 0.99), unit: 'ms' },
      { figure: 'changes read back', value: result.readsBack },
      none('errors and wrong answers', result.faults + warmed.faults),
      none('jobs not as answered', await notAsAnswered(pool, tenants, await others.account())),
    ],
  );
}

/** One key at ten times its limit, beside the others and jobs that fire every second, in every second pair of blocks. */
async function underAbuse({ others, tenants, pool, service, sink, firing, stage }, abuser) {
  const startsAt = Math.ceil(Date.now() / 1_000) * 1_000 + 5_500 + WARM_UP_SECONDS * 1_000;
  const blocks = Array.from({ length: BLOCKS }, (_, n) =>
    windowFrom(startsAt + n * BLOCK_SECONDS * 1_000, BLOCK_SECONDS),
  );
  const endsAt = blocks.at(-1)[1];
  // Whole seconds, half a second away from where blocks meet.
  const schedule = {
    type: 'interval',
    every: 'PT1S',
    anchorAt: new Date(startsAt + 500).toISOString(),
    startAt: new Date(startsAt + 500).toISOString(),
    endAt: new Date(endsAt - 500).toISOString(),
  };
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
  const expected = ids.flatMap((id) =>
    Array.from({ length: (endsAt - startsAt) / 1_000 }, (_, n) => `${id} ${startsAt + 500 + n * 1_000}`),
  );
  await until(
    () => sink.calls.length >= expected.length,
    15_000,
    () => `${sink.calls.length} of ${expected.length} calls came`,
  ).catch((error) => progress(error.message));
  const { missing, doubled } = sink.check(expected);
  const blockOf = (ms) => Math.floor((ms - startsAt) / (BLOCK_SECONDS * 1_000));
  const of = (chosen) =>
    percentiles(latencies(beside, (index) => beside.at[index] >= startsAt && chosen(blockOf(beside.at[index]))));
  const quiet = of((block) => !isAbused(block));
  const busy = of(isAbused);
  const halves = [0, 3].map((turn) => of((block) => block % 4 === turn).p99);
  const fires = (chosen) =>
    percentiles(
      sink.calls
        .filter((call) => chosen(blockOf(call.scheduledFor)))
        .map((call) => call.receivedAt - call.scheduledFor)
        .sort((a, b) => a - b),
    );
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
      { figure: 'fires', value: sink.calls.length },
      none('fires missing', missing),
      none('fires doubled', doubled),
      none('errors and wrong answers', beside.faults + abused.faults),
      none(
        'jobs not as answered',
        (await notAsAnswered(pool, tenants, await others.account())) +
          (await notAsAnswered(pool, [abuser.tenant], await abuser.load.account())),
      ),
    ],
  );
}

function windowFrom(fromMs, seconds) {
  return [fromMs, fromMs + seconds * 1_000];
}

async function cpuOf(meters) {
  const read = async ([name, pid]) => [name, await cpuSecondsOfTree(pid)];
  const each = await Promise.all(Object.entries(meters).map(read));
  return { ...Object.fromEntries(each), machine: cpuSecondsOfMachine() };
}

function cpuSecondsOfMachine() {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1_000;
}

/** A backend's parent. */
async function postmasterPid(pool) {
  const { readFile } = await import('node:fs/promises');
  const { rows } = await pool.query('SELECT pg_backend_pid() AS pid');
  const stat = await readFile(`/proc/${rows[0].pid}/stat`, 'utf8');
  return Number(stat.replace(/^.*\) /, '').split(' ')[1]);
}

async function redisPid(url) {
  const redis = new Redis(url);
  const info = await redis.info('server');
  redis.disconnect();
  return Number(/process_id:(\d+)/.exec(info)[1]);
}
