// The `cron` package inside @nestjs/schedule: a timer for each job, in this process, nothing kept.
import { createRequire } from 'node:module';
import { deliver, serve } from './peer.mjs';

const ofNest = createRequire(createRequire(import.meta.url).resolve('@nestjs/schedule'));
const { CronJob } = ofNest('cron');
let jobs = [];

const call = (id, atMs) => {
  deliver(id, atMs).catch((error) => console.error(`  ! cron: ${error.message}`));
};

serve({
  start: async () => undefined,
  herd: async ({ ids, atMs }) => {
    jobs = ids.map((id) =>
      CronJob.from({ cronTime: new Date(atMs), onTick: () => call(id, atMs), start: true, timeZone: 'UTC' }),
    );
  },
  everySecond: async ({ ids, firstMs, lastMs }) => {
    const tick = (id) => {
      const atMs = Math.floor(Date.now() / 1_000) * 1_000; // it does not say for which second it ticks
      if (atMs >= firstMs && atMs <= lastMs) call(id, atMs);
    };
    jobs = ids.map((id) =>
      CronJob.from({ cronTime: '* * * * * *', onTick: () => tick(id), start: true, timeZone: 'UTC' }),
    );
  },
  clear: async () => {
    for (const job of jobs) void job.stop();
    jobs = [];
  },
});
