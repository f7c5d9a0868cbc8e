// A million registered jobs: start-up, memory, idle CPU, and the lateness of due jobs beside them against that beside few. Usage: node bench/scale.mjs [--jobs 1000000] [--quick] [--json]
import { createJobs, seedIdleJobs } from './support/jobs.mjs';
import { below, none, progress, QUICK, report } from './support/report.mjs';
import { onStage, until, usage } from './support/service.mjs';
import { percentile, Sink } from './support/sink.mjs';

const at = process.argv.indexOf('--jobs');
const MANY = at < 0 ? (QUICK ? 5_000 : 1_000_000) : Number(process.argv[at + 1]);
const FEW = 1_000;
const DUE_SECONDS = QUICK ? 4 : 30;
const DUE_JOBS = 20;
const IDLE_SECONDS = QUICK ? 2 : 20;

await onStage(async (stage) => {
  const databaseUrl = await stage.postgres();
  const pool = stage.pool(databaseUrl);
  const sink = await new Sink().start(stage);
  const measure = async () => {
    const service = await stage.service({ DATABASE_URL: databaseUrl });
    await until(
      async () => (await fetch(`${service.url}/health/ready`)).ok,
      30_000,
      () => 'not ready',
    );
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const before = await usage(service.child.pid);
    await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1_000));
    const after = await usage(service.child.pid);
    const due = await measureDue(service.url, sink);
    const memoryMb = Math.max(after.memoryMb, (await usage(service.child.pid)).memoryMb);
    await service.stop();
    return {
      ...due,
      readyMs: service.readyMs,
      memoryMb,
      cpu: ((after.cpuSeconds - before.cpuSeconds) / IDLE_SECONDS) * 100,
    };
  };

  await seedIdleJobs(pool, FEW, sink.url);
  const few = await measure();
  progress(`beside ${FEW}: p99 ${few.p99.toFixed(1)} ms`);
  await pool.query('TRUNCATE jobs, job_states CASCADE');
  await seedIdleJobs(pool, MANY, sink.url, { onProgress: (count) => progress(`${count} of ${MANY} jobs registered`) });
  const many = await measure();

  report(`${MANY} registered jobs`, [
    below('ready after', many.readyMs, 'ms', 5_000),
    below('memory', many.memoryMb, 'MB', 300),
    below('idle CPU', many.cpu, '% core', 1),
    { figure: `lateness p99 beside ${FEW}`, value: few.p99, unit: 'ms' },
    below(`lateness p99 beside ${MANY}`, many.p99, 'ms', Math.max(50, few.p99 * 1.5)),
    { figure: `lateness p50 beside ${FEW}`, value: few.p50, unit: 'ms' },
    { figure: `lateness p50 beside ${MANY}`, value: many.p50, unit: 'ms' },
    none('missing', few.missing + many.missing),
    none('doubled', few.doubled + many.doubled),
  ]);
});

/** Some jobs every second for a while. */
async function measureDue(serviceUrl, sink) {
  const first = Math.ceil(Date.now() / 1_000) * 1_000 + 2_000;
  const last = first + (DUE_SECONDS - 1) * 1_000;
  const schedule = {
    type: 'interval',
    every: 'PT1S',
    anchorAt: new Date(first).toISOString(),
    startAt: new Date(first).toISOString(),
    endAt: new Date(last).toISOString(),
  };
  const jobs = Array.from({ length: DUE_JOBS }, (_, n) => ({ name: `due-${first}-${n}`, target: sink.url, schedule }));
  sink.clear();
  const ids = await createJobs(serviceUrl, jobs);
  await until(
    () => Date.now() > last + 2_000,
    DUE_SECONDS * 1_000 + 30_000,
    () => 'the clock stands still',
  );
  const expected = ids.flatMap((id) => Array.from({ length: DUE_SECONDS }, (_, n) => `${id} ${first + n * 1_000}`));
  const lateness = sink.latenesses();
  return { ...sink.check(expected), p50: percentile(lateness, 0.5), p99: percentile(lateness, 0.99) };
}
