// A simulation by events of how fires go through scheduler, Postgres, Redis and workers. Pure: no clock, and chance from a seed.
import { EventQueue } from './event-queue.mjs';

/** Jobs that the planner takes in one transaction, and runs that one queue entry carries: as in the service. */
const BATCH = 1_000;
const CHUNK = 64;

/**
 * Lives through `seconds` of a deployment.
 *
 * `deployment`: `{ postgresCores, workers, concurrency }`, or `{ sharedCores, workers, concurrency }` where all processes share the
 * cores of one machine (they then queue for the same cores). `arrivals`: `[{ atMs, fires }]`, ascending: what is due at an instant.
 * `costs`: `fire` of costs.json. `planShare`: of Postgres's work on a fire what comes before the run is queued; `claimShare`: what
 * comes before its call. `targetMs`: how long a target takes to answer.
 *
 * Answers lateness (from the due instant to the start of the call) as percentiles over fires, and how busy each part was.
 */
export function simulate({ deployment, arrivals, costs, targetMs, planShare = 0.3, claimShare = 0.35, endMs }) {
  const { workers, concurrency, postgresCores, sharedCores = null } = deployment;
  const station = (servers) => ({ servers, free: servers, waiting: [], head: 0 });
  const shared = sharedCores === null ? null : station(sharedCores);
  const stations = {
    // The planner's work is one process's; where cores are shared it takes one of them.
    leader: shared ?? station(1),
    postgres: shared ?? station(postgresCores),
    redis: shared ?? station(1),
    workers: shared ?? station(workers),
    calls: station(Math.max(1, Math.floor((workers * concurrency) / CHUNK))),
  };
  const used = { leader: 0, postgres: 0, redis: 0, workers: 0 };
  const events = new EventQueue();
  const lateness = new Histogram();
  let now = 0;

  /** First come, first served; who has it gives it back. */
  const acquire = (name, then) => {
    const at = stations[name];
    if (at.free === 0) return void at.waiting.push(then);
    at.free -= 1;
    then();
  };
  const release = (name) => {
    const at = stations[name];
    if (at.head === at.waiting.length) return void (at.free += 1);
    const next = at.waiting[at.head];
    at.head += 1;
    if (at.head > 4_096) {
      at.waiting.splice(0, at.head);
      at.head = 0;
    }
    next();
  };
  const visit = (name, ms, then) =>
    acquire(name, () => {
      used[name] += ms;
      events.push(now + ms, () => {
        release(name);
        then();
      });
    });

  const { schedulerMicros, workerMicros, postgresMicros, redisMicros } = costs;
  const recordShare = 1 - planShare - claimShare;
  const called = (dueMs, fires) => {
    lateness.add(now - dueMs, fires);
    events.push(now + targetMs, () => {
      release('calls');
      visit('postgres', (fires * postgresMicros * recordShare) / 1e3, () => undefined);
    });
  };
  const deliver = (dueMs, fires) =>
    visit('redis', (fires * redisMicros) / 1e3, () =>
      visit('postgres', (fires * postgresMicros * claimShare) / 1e3, () =>
        acquire('calls', () => visit('workers', (fires * workerMicros) / 1e3, () => called(dueMs, fires))),
      ),
    );
  const plan = (dueMs, fires) =>
    visit('leader', (fires * schedulerMicros) / 1e3, () =>
      visit('postgres', (fires * postgresMicros * planShare) / 1e3, () => {
        for (let left = fires; left > 0; left -= CHUNK) deliver(dueMs, Math.min(CHUNK, left));
      }),
    );

  let total = 0;
  for (const { atMs, fires } of arrivals) {
    total += fires;
    events.push(atMs, () => {
      for (let left = fires; left > 0; left -= BATCH) plan(atMs, Math.min(BATCH, left));
    });
  }
  for (let event = events.pop(); event !== null; event = events.pop()) {
    now = event.at;
    event.act();
  }
  const overMs = Math.max(endMs ?? 0, 1);
  const busy = (name) => used[name] / (stations[name].servers * overMs);
  return {
    fires: total,
    called: lateness.count,
    lastMs: lateness.largest,
    latenessMs: { p50: lateness.percentile(0.5), p99: lateness.percentile(0.99), max: lateness.largest },
    busy: { leader: busy('leader'), postgres: busy('postgres'), redis: busy('redis'), workers: busy('workers') },
    drainedMs: now,
  };
}

/** Millions of values in little room: buckets 5 % wide. */
class Histogram {
  #buckets = new Map();
  count = 0;
  largest = 0;

  add(value, times) {
    const bucket = Math.floor(Math.log(Math.max(value, 0.01)) / Math.log(1.05));
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + times);
    this.count += times;
    this.largest = Math.max(this.largest, value);
  }

  percentile(share) {
    let left = this.count * share;
    for (const [bucket, times] of [...this.#buckets].sort(([a], [b]) => a - b)) {
      left -= times;
      if (left <= 0) return Math.min(this.largest, 1.05 ** (bucket + 1));
    }
    return NaN;
  }
}

/**
 * What is due when, for `fires` a second over all: `onTheMinute` of it at whole minutes (as people write schedules; of that half at
 * the full hour's first one), the rest spread by chance over whole seconds.
 */
export function arrivalsOf({ firesPerSecond, seconds, onTheMinute, random }) {
  const bySecond = new Float64Array(seconds);
  const spread = firesPerSecond * (1 - onTheMinute);
  for (let second = 0; second < seconds; second += 1) {
    // A Poisson of so many is all but normal.
    bySecond[second] += Math.max(0, spread + Math.sqrt(spread) * normal(random));
    if (second % 60 === 0) bySecond[second] += firesPerSecond * onTheMinute * 60;
  }
  return Array.from(bySecond, (fires, second) => ({ atMs: second * 1_000, fires: Math.round(fires) })).filter(
    ({ fires }) => fires > 0,
  );
}

function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
