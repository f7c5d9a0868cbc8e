// SIGKILL of the leader at so many fires a second, with another replica beside it: the longest gap at the sink, and an account of
// every occurrence. Usage: node bench/failover.mjs [--rate 200] [--kills 3] [--ttl-seconds 3] [--quick] [--json]
import { account, occurrence } from './support/account.mjs';
import { cpuBetween, cpuOf, postmasterPid, redisPid } from './support/cpu.mjs';
import { createJobs } from './support/jobs.mjs';
import { everySecond } from './support/contestants.mjs';
import { numberOption } from './support/options.mjs';
import { below, cpuRow, none, progress, QUICK, report } from './support/report.mjs';
import { onStage, until } from './support/service.mjs';
import { Sink } from './support/sink.mjs';
import { longestGap, median, percentiles } from './support/statistics.mjs';

const RATE = numberOption('rate', QUICK ? 50 : 200);
const KILLS = numberOption('kills', QUICK ? 1 : 3);
const TTL_SECONDS = numberOption('ttl-seconds', QUICK ? 1 : 3);
const LEASE_SECONDS = QUICK ? 2 : 5;
const BEFORE_SECONDS = QUICK ? 2 : 5;
const AFTER_SECONDS = (QUICK ? 2 : 5) + TTL_SECONDS + LEASE_SECONDS;

await onStage(async (stage) => {
  const databaseUrl = await stage.postgres();
  const redisUrl = await stage.redis();
  const pool = stage.pool(databaseUrl);
  const sink = await new Sink().start(stage);
  const env = {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    LEADER_TTL: `${TTL_SECONDS}s`,
    LEASE: `${LEASE_SECONDS}s`,
  };
  let replicas = [await stage.service(env), await stage.service(env)];
  const parts = { postgres: await postmasterPid(pool), redis: await redisPid(redisUrl), sink: sink.pid };
  const rounds = [];
  for (let kill = 1; kill <= KILLS; kill += 1) {
    await settled(replicas);
    await fireAll(replicas[0], sink, `warm-up-${kill}`);
    const { ids, instants, firstMs, lastMs } = await register(replicas[0], sink, kill, BEFORE_SECONDS + AFTER_SECONDS);
    await sink.clear();
    await sleepUntil(firstMs + BEFORE_SECONDS * 1_000 + 137 * kill);
    const leader = await leaderOf(replicas);
    const killedAtMs = Date.now();
    await leader.kill();
    const survivors = replicas.filter((replica) => replica !== leader);
    const pids = { ...parts, survivor: survivors[0].child.pid };
    const before = await cpuOf(pids);
    await sleepUntil(lastMs);
    await sink.waitFor(ids.length * (BEFORE_SECONDS + AFTER_SECONDS), 20_000);
    await until(
      async () => (await openRuns(pool, firstMs, lastMs)) === 0,
      30_000,
      () => 'runs are still open',
    ).catch((error) => progress(error.message));
    const cpu = cpuBetween(before, await cpuOf(pids));
    const calls = await sink.calls();
    const arrivals = calls.map(({ receivedAt }) => receivedAt);
    const first = [...new Map(calls.toReversed().map((call) => [call.runId, call])).values()];
    const result = {
      gapMs: longestGap(arrivals),
      lastLateMs: percentiles(Float64Array.from(first, (call) => call.receivedAt - call.scheduledFor).sort()).max,
      open: await openRuns(pool, firstMs, lastMs),
      ...{ cpu, seconds: (Date.now() - killedAtMs) / 1_000, account: account(calls, instants) },
    };
    rounds.push(result);
    progress(
      `kill ${kill} of ${KILLS}: longest gap ${result.gapMs.toFixed(0)} ms, ${result.account.repeated} calls repeated`,
    );
    replicas = [...survivors, await stage.service(env)];
  }
  const sum = (member) => rounds.reduce((total, round) => total + round.account[member], 0);
  const largest = (member) => Math.max(...rounds.map((round) => round[member]));
  report(
    `SIGKILL of the leader at ${RATE} fires a second, two replicas, TTL ${TTL_SECONDS} s, lease ${LEASE_SECONDS} s; ${KILLS} kills`,
    [
      below('longest gap, of all kills', largest('gapMs'), 'ms', (TTL_SECONDS + 1) * 1_000),
      { figure: 'longest gap, median', value: median(rounds.map(({ gapMs }) => gapMs)), unit: 'ms' },
      { figure: 'largest lateness of a first call', value: largest('lastLateMs'), unit: 'ms' },
      none('missing', sum('missing')),
      none('doubled', sum('doubled')),
      none('early or stray', sum('early') + sum('stray')),
      none(
        'runs without an end',
        rounds.reduce((total, { open }) => total + open, 0),
      ),
      { figure: 'calls repeated, as attempts of the same run', value: sum('repeated') },
      cpuRow('CPU after the kill', rounds.at(-1).cpu, { overSeconds: rounds.at(-1).seconds }),
    ],
  );
});

/** Jobs due every second, spread over it: a gap is as long as it is. */
async function register({ url }, sink, kill, seconds) {
  const firstMs = Math.ceil(Date.now() / 1_000) * 1_000 + 2_000;
  const jobs = Array.from({ length: RATE }, (_, n) => {
    const startMs = firstMs + Math.floor((n * 1_000) / RATE);
    const schedule = everySecond(startMs, startMs + (seconds - 1) * 1_000);
    return { name: `failover-${kill}-${n}`, target: sink.url, schedule };
  });
  const ids = await createJobs(url, jobs);
  const instants = ids.flatMap((id, n) =>
    Array.from({ length: seconds }, (_, s) => occurrence(id, firstMs + Math.floor((n * 1_000) / RATE) + s * 1_000)),
  );
  return { ids, instants, firstMs, lastMs: firstMs + seconds * 1_000 };
}

/** A herd, so that code is compiled and connections are open in every replica. */
async function fireAll({ url }, sink, name) {
  const at = new Date(Date.now() + 1_000).toISOString();
  const jobs = Array.from({ length: RATE }, (_, n) => ({
    name: `${name}-${n}`,
    target: sink.url,
    schedule: { type: 'once', at },
  }));
  await sink.clear();
  await createJobs(url, jobs);
  await sink.waitFor(jobs.length, 20_000);
}

async function settled(replicas) {
  await until(
    async () => (await Promise.all(replicas.map(leads))).filter(Boolean).length === 1,
    20_000,
    () => 'not one leader',
  );
}

async function leaderOf(replicas) {
  const leading = await Promise.all(replicas.map(leads));
  return replicas[leading.indexOf(true)];
}

async function leads({ url }) {
  return /^carillon_leader 1$/m.test(await (await fetch(`${url}/metrics`)).text());
}

async function openRuns(pool, fromMs, toMs) {
  const { rows } = await pool.query(
    `SELECT count(*)::int AS count FROM runs
     WHERE scheduled_for BETWEEN $1 AND $2 AND state IN ('queued', 'running', 'retrying', 'held')`,
    [new Date(fromMs).toISOString(), new Date(toMs).toISOString()],
  );
  return rows[0].count;
}

function sleepUntil(epochMs) {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, epochMs - Date.now())));
}
