// One job a second beside idle ones, for some minutes. Usage: node bench/every-second.mjs [--minutes 10] [--idle 2000] [--redis] [--quick] [--json]
import { createJobs, seedIdleJobs } from './support/jobs.mjs';
import { below, none, progress, QUICK, report } from './support/report.mjs';
import { onStage, until } from './support/service.mjs';
import { percentile, Sink } from './support/sink.mjs';

const option = (name, byDefault) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? byDefault : Number(process.argv[at + 1]);
};
const SECONDS = Math.round(option('minutes', QUICK ? 0.1 : 10) * 60);
const IDLE = option('idle', 2_000);

await onStage(async (stage) => {
  const databaseUrl = await stage.postgres();
  const redis = process.argv.includes('--redis') ? { REDIS_URL: await stage.redis() } : {};
  const sink = await new Sink().start(stage);
  await seedIdleJobs(stage.pool(databaseUrl), IDLE, sink.url);
  const service = await stage.service({ DATABASE_URL: databaseUrl, ...redis });

  const first = Math.ceil(Date.now() / 1_000) * 1_000 + 2_000;
  const last = first + (SECONDS - 1) * 1_000;
  const [id] = await createJobs(service.url, [
    {
      name: 'every-second',
      target: sink.url,
      schedule: {
        type: 'interval',
        every: 'PT1S',
        anchorAt: new Date(first).toISOString(),
        startAt: new Date(first).toISOString(),
        endAt: new Date(last).toISOString(),
      },
    },
  ]);
  const minute = setInterval(() => progress(`${sink.calls.length} of ${SECONDS} calls`), 60_000);
  await until(
    () => Date.now() > last + 2_000,
    SECONDS * 1_000 + 30_000,
    () => 'the clock stands still',
  );
  clearInterval(minute);
  const expected = Array.from({ length: SECONDS }, (_, n) => `${id} ${first + n * 1_000}`);
  const { missing, doubled } = sink.check(expected);
  const lateness = sink.latenesses();
  report(`A job every second for ${SECONDS} s beside ${IDLE} idle jobs`, [
    { figure: 'runs', value: sink.calls.length },
    none('missing', missing),
    none('doubled', doubled),
    none('early', lateness.filter((ms) => ms < 0).length),
    { figure: 'lateness p50 at the sink', value: percentile(lateness, 0.5), unit: 'ms' },
    below('lateness p99 at the sink', percentile(lateness, 0.99), 'ms', 50),
    { figure: 'lateness, largest', value: lateness.at(-1), unit: 'ms' },
  ]);
});
