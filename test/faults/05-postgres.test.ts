import pg from 'pg';
import { waitFor } from '../support/wait-for.js';
import { mixedJobs } from './support/mixed-jobs.js';
import type { Verdict } from './support/proxy.js';
import { scenario } from './support/scenario.js';
import { amount } from './support/seed.js';
import type { Stage } from './support/stage.js';

const ENV = { LEADER_TTL: '1s', LEASE: '3s' };
/** After Postgres is back: reconnecting, a reign, and the retries of whoever waited. */
const RESUMES_WITHIN_MS = 8_000;
const HANDS_OFF = 'P10Y';

scenario('5a Postgres restarted, down', { env: ENV, restartablePostgres: true }, async (stage) => {
  const { cluster, random } = stage;
  await stage.watch(mixedJobs(stage, 20));
  const creations = new Creations(stage);
  const outages = [
    { mode: 'fast', downMs: 0 },
    { mode: 'immediate', downMs: 0 },
    { mode: random.pick(['fast', 'immediate'] as const), downMs: amount(8_000, 60_000) },
  ] as const;
  for (let round = 0; round < amount(1, 5); round += 1) {
    for (const { mode, downMs } of outages) {
      const ending = creations.keepGoing();
      await stage.pass(random.between(1_000, 2_500));
      await cluster.postgres.stop(mode);
      await stage.pass(downMs);
      if (downMs > 0) await everyoneIsDown(stage);
      await cluster.postgres.start();
      await resumes(stage, `${mode}, down for ${downMs} ms`);
      await ending();
    }
  }
  await creations.account();
  await accountForRows(stage);
});

scenario('5b connections exhausted', { env: ENV, restartablePostgres: true }, async (stage) => {
  const { cluster, random } = stage;
  await stage.watch(mixedJobs(stage, 20));
  const creations = new Creations(stage);
  for (let round = 0; round < amount(2, 6); round += 1) {
    const ending = creations.keepGoing();
    await stage.pass(random.between(500, 1_500));
    const outsider = await Outsider.takeAll(cluster.postgres.url);
    // In one round the service keeps what it has and gets no more, in the next it loses all to the outsider.
    const endsMs = performance.now() + amount(3_000, 30_000);
    while (performance.now() < endsMs) {
      if (round % 2 === 1) await outsider.takeFrom('carillon%');
      await stage.pass(100);
    }
    await outsider.leave();
    await resumes(stage, `exhausted (${round % 2 === 1 ? 'all taken' : 'no more to have'})`);
    await ending();
  }
  await creations.account();
  await accountForRows(stage);
});

scenario('5c cut at COMMIT', { env: ENV, proxied: ['postgres'] }, async (stage) => {
  const { cluster, random } = stage;
  await stage.watch(mixedJobs(stage, 20));
  const creations = new Creations(stage);
  const ending = creations.keepGoing();
  const cuts = amount(15, 200);
  // It was committed, and nobody is told so; then some that were not.
  for (const { verdict, count } of [
    { verdict: 'dropAnswer', count: cuts },
    { verdict: 'drop', count: Math.ceil(cuts / 3) },
  ] as const) {
    for (let cut = 0; cut < count; cut += 1) {
      await stage.pass(random.between(20, 200));
      await cutOff(stage, TRANSACTIONS[cut % TRANSACTIONS.length] ?? ['COMMIT'], verdict);
    }
    stage.note(`${count} × COMMIT: ${verdict}`);
  }
  for (let cut = 0; cut < cuts / 3; cut += 1) {
    await stage.pass(random.between(20, 200));
    await cutOff(stage, [random.pick(SINGLE_STATEMENTS)], 'dropAnswer');
  }
  await ending();
  await cluster.heal();
  await creations.account();
  await accountForRows(stage);
});

/** What is sent in turn, up to what is cut: plans, creations, and ends of runs under the lock of their job. */
const TRANSACTIONS: readonly (readonly string[])[] = [
  ['planning-definitions', 'planning-write', 'COMMIT'],
  ['jobs-insert', 'COMMIT'],
  ['ledger-lock-jobs', 'claims-finish', 'COMMIT'],
];
/** These commit by themselves. */
const SINGLE_STATEMENTS = ['claims-by-ids', 'claims-finish'];

/** Waits until a replica, whichever comes first, has sent these in turn, and cuts it off at the last one. */
async function cutOff({ cluster }: Stage, statements: readonly string[], verdict: Verdict): Promise<void> {
  let isCut = false;
  for (const { postgresProxy } of cluster.replicas) {
    if (postgresProxy === null) throw new Error('this needs a proxy before Postgres');
    let seen = 0;
    postgresProxy.intercept = (chunk) => {
      if (isCut || !chunk.includes(statements[seen] ?? '')) return 'pass';
      seen += 1;
      if (seen < statements.length) return 'pass';
      isCut = true;
      return verdict;
    };
  }
  await waitFor(statements.join(', '), () => isCut, Boolean, { timeoutMs: 20_000 });
}

/** Jobs created one after the other, whatever becomes of the answers. They are never due while anyone looks. */
class Creations {
  private readonly answers = new Map<string, number | null>();
  private created = 0;

  constructor(private readonly stage: Stage) {}

  /** Goes on until the answer is called. */
  keepGoing(): () => Promise<void> {
    let going = true;
    const loop = (async () => {
      while (going) {
        await this.createOne();
        await this.stage.pass(20);
      }
    })();
    return async () => {
      going = false;
      await loop;
    };
  }

  /** What was acknowledged is there, what was refused is not, and what got no answer is one of the two, wholly. */
  async account(): Promise<void> {
    const { rows } = await this.stage.cluster.pool.query<{ name: string }>(
      `SELECT name FROM jobs JOIN job_states ON job_id = id WHERE name LIKE 'created-%'`,
    );
    const there = new Set(rows.map(({ name }) => name));
    const counts = { acknowledged: 0, refused: 0, unknown: 0, unknownAndThere: 0 };
    for (const [name, status] of this.answers) {
      const isThere = there.has(name);
      if (status === 201) {
        counts.acknowledged += 1;
        if (!isThere) this.stage.breach(`${name} was acknowledged and is not there`);
      } else if (status === 503) {
        counts.refused += 1;
      } else if (status === null) counts.unknown += 1;
      else this.stage.breach(`the creation of ${name} was answered with ${status}`);
      if (status !== 201 && isThere) counts.unknownAndThere += 1;
    }
    const { acknowledged, refused, unknown, unknownAndThere } = counts;
    this.stage.note(
      `creations: ${acknowledged} acknowledged, ${refused} answered 503, ${unknown} not answered; of these two ${unknownAndThere} came about`,
    );
  }

  private async createOne(): Promise<void> {
    const name = `created-${this.created}`;
    this.created += 1;
    const { cluster, sink } = this.stage;
    const replica = cluster.up[this.created % cluster.up.length];
    const body = { name, schedule: HANDS_OFF, target: sink.url('never') };
    const answer = await replica?.call('POST', '/jobs', body, 8_000).catch(() => null);
    this.answers.set(name, answer?.status ?? null);
  }
}

/** Holds connections like an application beside us that leaks them. */
class Outsider {
  private readonly clients: pg.Client[] = [];

  private constructor(private readonly url: string) {}

  static async takeAll(url: string): Promise<Outsider> {
    const outsider = new Outsider(url);
    while (await outsider.takeOne());
    return outsider;
  }

  /** Ends the connections of these applications and takes what becomes free; they may be quicker with one or two. */
  async takeFrom(applicationNames: string): Promise<void> {
    const [first] = this.clients;
    await first?.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE $1`, [
      applicationNames,
    ]);
    while ((await Promise.all(Array.from({ length: 8 }, () => this.takeOne()))).includes(true));
  }

  async leave(): Promise<void> {
    await Promise.all(this.clients.splice(0).map((client) => client.end()));
  }

  private async takeOne(): Promise<boolean> {
    const client = new pg.Client({ connectionString: this.url, application_name: 'outsider' });
    client.on('error', () => undefined);
    try {
      await client.connect();
      this.clients.push(client);
      return true;
    } catch {
      return false;
    }
  }
}

/** The API says that it can't, and when to come again; the process lives on. */
async function everyoneIsDown(stage: Stage): Promise<void> {
  for (const replica of stage.cluster.up) {
    for (const path of ['/health/ready', '/jobs?limit=1']) {
      const { status } = await replica.call('GET', path);
      if (status !== 503) stage.breach(`without Postgres replica ${replica.name} answered ${status} to ${path}`);
    }
    const { status } = await replica.call('GET', '/health/live');
    if (status !== 200) stage.breach(`without Postgres replica ${replica.name} answered ${status} to /health/live`);
  }
}

/** All replicas serve, and jobs fire, by themselves. */
async function resumes(stage: Stage, what: string): Promise<void> {
  const { cluster, sink } = stage;
  const sinceMs = performance.now();
  const fresh = (): number => sink.deliveries().filter(({ scheduledFor }) => scheduledFor > since).length;
  const since = stage.now().latest;
  await waitFor(`calls of what is due after Postgres was ${what}`, fresh, (count) => count > 10, {
    timeoutMs: RESUMES_WITHIN_MS,
  });
  const firesMs = performance.now() - sinceMs;
  const readiness = (): Promise<number[]> =>
    Promise.all(cluster.up.map(async (replica) => (await replica.call('GET', '/health/ready')).status));
  await waitFor(
    'readiness',
    readiness,
    (all) => all.length === cluster.replicas.length && all.every((at) => at === 200),
    {
      timeoutMs: RESUMES_WITHIN_MS,
    },
  );
  stage.note(
    `${what}: fires again after ${Math.round(firesMs)} ms, all ready after ${Math.round(performance.now() - sinceMs)} ms`,
  );
}

const DISAGREEMENTS: Readonly<Record<string, string>> = {
  'jobs without a place': `SELECT count(*)::int AS count FROM jobs LEFT JOIN job_states ON job_id = id WHERE job_id IS NULL`,
  'places without a job': `SELECT count(*)::int AS count FROM job_states LEFT JOIN jobs ON job_id = id WHERE id IS NULL`,
  'active jobs that are never due': `
    SELECT count(*)::int AS count FROM job_states WHERE state = 'active' AND (next_run_at IS NULL OR next_occurrence_at IS NULL)`,
  'jobs whose count of runs is not that of the ledger': `
    SELECT count(*)::int AS count FROM job_states
    WHERE run_count <> (SELECT count(*) FROM runs WHERE runs.job_id = job_states.job_id AND state <> 'skipped')`,
  'occurrences with a run whose job has yet to plan them': `
    SELECT count(*)::int AS count FROM runs JOIN job_states USING (job_id)
    WHERE trigger_nonce = 0 AND scheduled_for >= next_occurrence_at`,
  'running runs without a lease, or leases without a running run': `
    SELECT count(*)::int AS count FROM runs WHERE (state = 'running') <> (lease_token IS NOT NULL)`,
  'runs that ended without an instant, or did not and have one': `
    SELECT count(*)::int AS count FROM runs
    WHERE (state IN ('succeeded', 'failed', 'cancelled', 'skipped')) <> (finished_at IS NOT NULL)`,
};

/** Nothing is half-written. In one snapshot, while the service goes on. */
async function accountForRows(stage: Stage): Promise<void> {
  const client = await stage.cluster.pool.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    for (const [what, sql] of Object.entries(DISAGREEMENTS)) {
      const { rows } = await client.query<{ count: number }>(sql);
      const count = rows[0]?.count ?? NaN;
      if (count !== 0) stage.breach(`${count} ${what}`);
    }
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}
