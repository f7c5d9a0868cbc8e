// BullMQ delayed jobs. What recurs is added beforehand, one job for each occurrence.
import { Queue, Worker } from 'bullmq';
import { deliver, serve } from './peer.mjs';

const CONCURRENCY = 500;
const CHUNK = 1_000;
let queue;

const add = async (occurrences) => {
  for (let from = 0; from < occurrences.length; from += CHUNK) {
    const now = Date.now();
    await queue.addBulk(
      occurrences.slice(from, from + CHUNK).map(([jobId, atMs]) => ({
        name: 'call',
        data: { jobId, atMs },
        opts: { timestamp: now, delay: atMs - now, removeOnComplete: true, removeOnFail: true },
      })),
    );
  }
};

serve({
  async start({ redisUrl }) {
    const connection = { url: redisUrl, maxRetriesPerRequest: null };
    queue = new Queue('delayed', { connection });
    new Worker('delayed', ({ data: { jobId, atMs } }) => deliver(jobId, atMs), {
      connection,
      concurrency: CONCURRENCY,
    }).on('error', (error) => console.error(`  ! BullMQ: ${error.message}`));
    await queue.waitUntilReady();
  },
  herd: ({ ids, atMs }) => add(ids.map((id) => [id, atMs])),
  everySecond: ({ ids, firstMs, lastMs }) => {
    const seconds = Array.from({ length: (lastMs - firstMs) / 1_000 + 1 }, (_, n) => firstMs + n * 1_000);
    return add(seconds.flatMap((atMs) => ids.map((id) => [id, atMs])));
  },
  clear: () => queue.drain(true),
});
