// One job a second beside idle ones, for some minutes. Usage: node bench/every-second.mjs [--minutes 10] [--idle 2000] [--redis] [--quick] [--json]
import { account, latenessesOf, occurrencesOf } from './support/account.mjs';
import { everySecond } from './support/contestants.mjs';
import { createJobs, seedIdleJobs } from './support/jobs.mjs';
import { flag, numberOption } from './support/options.mjs';
import { below, none, progress, QUICK, report } from './support/report.mjs';
import { onStage, until } from './support/service.mjs';
import { Sink } from './support/sink.mjs';
import { percentiles } from './support/statistics.mjs';

const SECONDS = Math.round(numberOption('minutes', QUICK ? 0.1 : 10) * 60);
const IDLE = numberOption('idle', 2_000);

await onStage(async (stage) => {
  const databaseUrl = await stage.postgres();
  const redis = flag('redis') ? { REDIS_URL: await stage.redis() } : {};
  const sink = await new Sink().start(stage);
  await seedIdleJobs(stage.pool(databaseUrl), IDLE, sink.url);
  const service = await stage.service({ DATABASE_URL: databaseUrl, ...redis });

  const first = Math.ceil(Date.now() / 1_000) * 1_000 + 2_000;
  const last = first + (SECONDS - 1) * 1_000;
  const [id] = await createJobs(service.url, [
    { name: 'every-second', target: sink.url, schedule: everySecond(first, last) },
  ]);
  const tell = async () => progress(`${await sink.count()} of ${SECONDS} calls`);
  const minute = setInterval(() => void tell(), 60_000);
  await until(
    () => Date.now() > last + 2_000,
    SECONDS * 1_000 + 30_000,
    () => 'the clock stands still',
  );
  clearInterval(minute);
  const calls = await sink.calls();
  const instants = Array.from({ length: SECONDS }, (_, n) => first + n * 1_000);
  const { missing, doubled, repeated, early } = account(calls, occurrencesOf([id], instants));
  const { p50, p99, max } = percentiles(latenessesOf(calls));
  report(`A job every second for ${SECONDS} s beside ${IDLE} idle jobs`, [
    { figure: 'runs', value: calls.length },
    none('missing', missing),
    none('doubled or repeated', doubled + repeated),
    none('early', early),
    { figure: 'lateness p50 at the sink', value: p50, unit: 'ms' },
    below('lateness p99 at the sink', p99, 'ms', 50),
    { figure: 'lateness, largest', value: max, unit: 'ms' },
  ]);
});
