// BullMQ job schedulers with `every`.
import { Queue, Worker } from 'bullmq';
import { deliver, eachOf, serve } from './peer.mjs';

const CONCURRENCY = 500;
const DAY_MS = 86_400_000;
let queue;
let registered = [];

const register = async (ids, repeat) => {
  await eachOf(ids, 100, (id) =>
    queue.upsertJobScheduler(id, repeat, { opts: { removeOnComplete: true, removeOnFail: true } }),
  );
  registered.push(...ids);
};

serve({
  async start({ redisUrl }) {
    const connection = { url: redisUrl, maxRetriesPerRequest: null };
    queue = new Queue('schedulers', { connection });
    // An iteration's id is repeat:<scheduler>:<when it is due>.
    const call = (job) => deliver(job.repeatJobKey, Number(job.id.slice(job.id.lastIndexOf(':') + 1)), job.id);
    new Worker('schedulers', call, { connection, concurrency: CONCURRENCY }).on('error', (error) =>
      console.error(`  ! BullMQ: ${error.message}`),
    );
    await queue.waitUntilReady();
  },
  herd: ({ ids, atMs }) => register(ids, { every: DAY_MS, startDate: atMs }),
  everySecond: ({ ids, firstMs, lastMs }) => register(ids, { every: 1_000, startDate: firstMs, endDate: lastMs }),
  clear: async () => {
    await eachOf(registered, 100, (id) => queue.removeJobScheduler(id));
    registered = [];
    await queue.drain(true);
  },
});
