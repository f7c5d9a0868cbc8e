// What every peer's process has around it: questions of the benchmark, and the call itself, made as Carillon makes it.
import { Agent, request } from 'undici';

const agent = new Agent({ connections: 100, pipelining: 1, keepAliveTimeout: 60_000 });
const BODY = JSON.stringify({ kind: 'benchmark', note: 'a body of the size that callbacks usually have' });

let sinkUrl;

/** Calls the sink for one occurrence. `jobId` of the job, `runId` of this occurrence, `scheduledForMs` in epoch milliseconds. */
export async function deliver(jobId, scheduledForMs, runId = `${jobId}@${scheduledForMs}`) {
  const { statusCode, body } = await request(sinkUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': runId,
      'carillon-job-id': jobId,
      'carillon-scheduled-for': new Date(scheduledForMs).toISOString(),
    },
    body: BODY,
    dispatcher: agent,
  });
  await body.dump();
  if (statusCode !== 200) throw new Error(`the sink answered ${statusCode}`);
}

/**
 * `peer.start(given)` is called once with `{ redisUrl, databaseUrl }`; `herd({ ids, atMs })` registers jobs due at one instant;
 * `everySecond({ ids, firstMs, lastMs })` jobs due every second; `clear()` forgets what `herd` or `everySecond` registered.
 */
export function serve(peer) {
  const answers = {
    start: async (given) => {
      sinkUrl = given.sinkUrl;
      await peer.start(given);
    },
    herd: (given) => peer.herd(given),
    everySecond: (given) => peer.everySecond(given),
    clear: () => peer.clear(),
  };
  process.on('message', ({ id, ask, ...given }) => {
    answers[ask](given).then(
      (answer) => process.send({ id, answer }),
      (error) => process.send({ id, error: error.stack }),
    );
  });
  process.on('disconnect', () => process.exit());
}

/** Calls `work` for each, so many at a time. */
export async function eachOf(things, width, work) {
  let next = 0;
  const lane = async () => {
    while (next < things.length) await work(things[next++]);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
