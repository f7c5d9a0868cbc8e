import { Pool } from 'undici';
import type { JobView } from '../../src/jobs/job.schemas.js';
import { TcpProxy } from '../faults/support/proxy.js';
import { waitFor } from '../support/wait-for.js';
import { metricOf, Replicas, systemOf } from './replicas.js';
import type { Replica } from './replicas.js';

/** The whole claim is 100,000; a part of it in everyday runs. */
const READS = Number(process.env['RACE_READS'] ?? 20_000);
const READERS = 32;
const WRITERS = 4;
const JOBS_A_WRITER = 5;

jest.setTimeout(Math.max(120_000, READS * 4));

let replicas: Replicas;
let apis: Replica[];
let proxies: TcpProxy[];
/** To Postgres. */
let detours: TcpProxy[];
let pools: Pool[];

beforeAll(async () => {
  replicas = await Replicas.open({ withRedis: true });
  proxies = [];
  detours = [];
  apis = [];
  const database = new URL(replicas.database.url);
  for (let index = 0; index < 3; index += 1) {
    const toRedis = await TcpProxy.start(() => replicas.redis?.port ?? 0);
    const toPostgres = await TcpProxy.start(() => Number(database.port));
    proxies.push(toRedis);
    detours.push(toPostgres);
    const url = Object.assign(new URL(database), { host: `127.0.0.1:${toPostgres.port}` });
    apis.push(await replicas.start('api', { REDIS_URL: `redis://127.0.0.1:${toRedis.port}`, DATABASE_URL: url.href }));
  }
  pools = apis.map(({ service }) => new Pool(service.url, { connections: READERS + WRITERS + 1 }));
});

afterAll(async () => {
  await Promise.all((pools ?? []).map((pool) => pool.close()));
  await replicas?.close();
  await Promise.all([...(proxies ?? []), ...(detours ?? [])].map((proxy) => proxy.close()));
});

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

async function call(method: Method, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const pool = pools[Math.floor(Math.random() * pools.length)] as Pool;
  const answer = await pool.request({
    path,
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await answer.body.text();
  return { status: answer.statusCode, body: text === '' ? null : JSON.parse(text) };
}

async function must<Body>(expected: number, ...request: Parameters<typeof call>): Promise<Body> {
  const { status, body } = await call(...request);
  if (status !== expected) throw new Error(`${request.join(' ')} answered ${status}: ${JSON.stringify(body)}`);
  return body as Body;
}

interface Acknowledged {
  /** Of the last change that was answered. */
  version: number;
  /** Its deletion was sent, so it may be gone. */
  leaving: boolean;
  /** Its deletion was answered, so it must be gone. */
  gone: boolean;
}

/** Writers and readers of the same jobs, each request to any replica. */
class Race {
  reads = 0;
  writes = 0;
  readonly stale: string[] = [];
  private readonly jobs = new Map<string, Acknowledged>();
  private lastWritten: string | null = null;
  private over = false;

  /** `onProgress` is told the share of the reads that are done. */
  async run(onProgress: (share: number) => void): Promise<void> {
    const writers = Array.from({ length: WRITERS }, (_, index) => this.write(index));
    const churn = this.churn();
    const readers = Array.from({ length: READERS }, async () => {
      while (this.reads < READS) {
        this.reads += 1;
        onProgress(this.reads / READS);
        await (Math.random() < 0.05 ? this.readList() : this.readOne());
      }
    });
    const end = () => (this.over = true);
    await Promise.all([Promise.all(readers).finally(end), ...writers.map((w) => w.finally(end)), churn.finally(end)]);
  }

  private async write(writer: number): Promise<void> {
    const ids: string[] = [];
    for (let n = 0; n < JOBS_A_WRITER; n += 1) {
      const job = { name: `racer-${writer}-${n}`, schedule: '0 0 1 1 *', target: replicas.receiver.url };
      const { id, version } = await must<JobView>(201, 'POST', '/jobs', job);
      this.jobs.set(id, { version, leaving: false, gone: false });
      ids.push(id);
    }
    for (let change = 1; !this.over; change += 1) {
      const id = ids[change % ids.length] as string;
      // The text says the version that this change makes.
      const next = (this.jobs.get(id)?.version ?? 0) + 1;
      const isPause = change % 7 === 0;
      const { version } = isPause
        ? await must<JobView>(200, 'POST', `/jobs/${id}/pause`, { note: `${next}` })
        : await must<JobView>(200, 'PATCH', `/jobs/${id}`, { description: `${next}` });
      this.jobs.set(id, { version, leaving: false, gone: false });
      this.lastWritten = id;
      this.writes += 1;
    }
  }

  /** Jobs that come and go, the same name each time. */
  private async churn(): Promise<void> {
    while (!this.over) {
      const job = { name: 'comes-and-goes', schedule: '0 0 1 1 *', target: replicas.receiver.url };
      const { id, version } = await must<JobView>(201, 'POST', '/jobs', job);
      this.jobs.set(id, { version, leaving: false, gone: false });
      await Promise.all([this.readOne(id), this.readOne(id), this.readList()]);
      this.jobs.set(id, { version, leaving: true, gone: false });
      await must(204, 'DELETE', `/jobs/${id}`);
      this.jobs.set(id, { version, leaving: true, gone: true });
      await Promise.all([this.readOne(id), this.readList()]);
      this.jobs.delete(id);
      this.writes += 2;
    }
  }

  private async readOne(id = this.anyId()): Promise<void> {
    const before = this.jobs.get(id);
    const { status, body } = await call('GET', `/jobs/${id}`);
    if (status === 200) this.compare(body as JobView, before);
    else if (status === 404) this.note(this.mayBeGone(id), id, before, null);
    else throw new Error(`GET /jobs/${id} answered ${status}`);
  }

  private async readList(): Promise<void> {
    const before = new Map(this.jobs);
    const { data } = await must<{ data: JobView[] }>(200, 'GET', '/jobs?limit=50');
    const shown = new Map(data.map((job) => [job.id, job]));
    for (const [id, acknowledged] of before) {
      const job = shown.get(id);
      if (job !== undefined) this.compare(job, acknowledged);
      else this.note(this.mayBeGone(id), id, acknowledged, null);
    }
  }

  private mayBeGone(id: string): boolean {
    return this.jobs.get(id)?.leaving ?? true;
  }

  private compare(job: JobView, before: Acknowledged | undefined): void {
    const fresh = before === undefined || (!before.gone && job.version >= before.version);
    // Definition and standing are of one state: the last change wrote its version into one text or the other.
    const written = Math.max(Number(job.description), Number(job.pauseNote ?? 0));
    this.note(fresh && (job.version === 1 || written === job.version), job.id, before, job);
  }

  private note(isRight: boolean, id: string, before: Acknowledged | undefined, job: JobView | null): void {
    if (isRight || this.stale.length >= 20) return;
    const seen = job === null ? 'no job' : `version ${job.version}, "${job.description}", "${job.pauseNote}"`;
    this.stale.push(`${id}: acknowledged ${JSON.stringify(before)}, read ${seen}`);
  }

  /** Mostly the job whose change was answered just now: a stale answer lives for a moment. */
  private anyId(): string {
    if (this.lastWritten !== null && Math.random() < 0.7) return this.lastWritten;
    const ids = [...this.jobs.keys()];
    return ids[Math.floor(Math.random() * ids.length)] ?? '00000000-0000-7000-8000-000000000000';
  }
}

const lookupsOf = async (found: string) => {
  const sums = await Promise.all(
    apis.map((api) => metricOf(api, `carillon_cache_lookups_total{of="job",found="${found}"}`)),
  );
  return sums.reduce((sum, value) => sum + value, 0);
};

test(`of ${READS} reads on three replicas none shows less than was acknowledged, whatever becomes of Redis`, async () => {
  const { redis } = replicas;
  const [cutOff] = proxies as [TcpProxy];
  const faults: [number, () => unknown][] = [
    [0.3, () => redis?.freeze()],
    [0.4, () => redis?.thaw()],
    [0.5, () => cutOff.set('cut')],
    [0.6, () => cutOff.set('blackhole')],
    [0.7, () => cutOff.heal()],
    [0.8, () => redis?.restart('SIGKILL')],
  ];
  const done: unknown[] = [];
  const race = new Race();
  // Some answers of Postgres are old when they come.
  for (const detour of detours) detour.delayMs = () => (Math.random() < 0.2 ? Math.random() * 10 : 0);
  const startedMs = performance.now();
  await race.run((share) => {
    while (share >= (faults[0]?.[0] ?? Infinity)) done.push(faults.shift()?.[1]());
  });
  await Promise.all(done);
  for (const detour of detours) detour.heal();
  const seconds = (performance.now() - startedMs) / 1_000;
  const [hits, outdated] = [await lookupsOf('hit'), await lookupsOf('outdated')];
  process.stdout.write(
    `${race.reads} reads, ${race.writes} writes in ${seconds.toFixed(1)} s: ${race.stale.length} stale; ` +
      `jobs looked up: ${hits} hits, ${outdated} outdated\n`,
  );
  expect(race.stale).toEqual([]);
  // There were writes enough, and the cache was in it.
  expect(race.writes).toBeGreaterThan(READS / 200);
  expect(hits).toBeGreaterThan(READS / 10);
  expect(outdated).toBeGreaterThan(READS / 200);
});

test('a Redis that hangs is said, costs nothing, and is used again', async () => {
  const [api] = apis as [Replica];
  const { id } = await api.api.createJob({ name: 'plain', schedule: '@yearly', target: replicas.receiver.url });
  const says = async () => (await systemOf(api)).degraded.some((line) => line.includes('cache'));
  const readNew = async () => {
    const name = `new-${Math.random()}`;
    const job = await api.api.createJob({ name, schedule: '@yearly', target: replicas.receiver.url });
    await api.api.job(job.id); // not in memory yet: Redis would be asked
    return says();
  };
  replicas.redis?.freeze();
  try {
    await waitFor('degraded to say it', readNew, Boolean, { timeoutMs: 10_000 });
    const startedMs = performance.now();
    for (let read = 0; read < 100; read += 1) await api.api.job(id);
    expect((performance.now() - startedMs) / 100).toBeLessThan(50);
  } finally {
    replicas.redis?.thaw();
  }
  await waitFor('degraded to be over', readNew, (said) => !said, { timeoutMs: 10_000 });
});
