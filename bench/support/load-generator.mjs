// The process behind `Load` (load.mjs): sends requests at times drawn beforehand, whatever becomes of those before, and
// checks each answer. A process of its own, so that nothing else of a benchmark delays it.
import { Pool } from 'undici';
import { KINDS } from './load-kinds.mjs';
import { randomFrom } from './random.mjs';

/** Like the connections of a proxy; a request that finds none free waits, and its wait counts. */
const CONNECTIONS = 256;
const ANSWER_LIMIT_MS = 30_000;
const FAULTS_TOLD = 5;

const epochMs = () => performance.timeOrigin + performance.now();

class Generator {
  constructor({ url, tenants, toleratesRefusals }) {
    this.tenants = tenants;
    this.toleratesRefusals = toleratesRefusals;
    this.pool = new Pool(url, { connections: CONNECTIONS, pipelining: 1, keepAliveTimeout: 60_000 });
    /** Job id → the highest version that was answered to a write. */
    this.versions = new Map();
    /** Job id → answered changes. */
    this.changes = new Map();
    this.created = [];
    /** Of these the ones that nobody asked to delete yet; a request that is refused leaves its job there. */
    this.deletable = [];
    this.deleted = [];
    this.readBack = [];
    this.writes = 0;
  }

  /** `windows`: [from, to] in epoch milliseconds, ascending; the requests of each are spread over it by chance. */
  async run({ windows, perMinute, seed }) {
    this.random = randomFrom(seed);
    const times = windows.flatMap(([from, to]) => {
      const count = Math.round(((to - from) / 60_000) * perMinute);
      return Array.from({ length: count }, () => from + this.random() * (to - from)).sort((a, b) => a - b);
    });
    this.result = {
      at: Float64Array.from(times),
      latencyMs: new Float64Array(times.length).fill(NaN),
      sentLateMs: new Float64Array(times.length),
      kinds: new Uint8Array(times.length),
      statuses: {},
      faults: 0,
      faultsTold: [],
      readsBack: 0,
    };
    const before = process.cpuUsage();
    await new Promise((resolve) => this.sendAll(times, resolve));
    const { user, system } = process.cpuUsage(before);
    return { ...this.result, cpuSeconds: (user + system) / 1e6 };
  }

  sendAll(times, resolve) {
    let next = 0;
    let open = times.length;
    const limit = setTimeout(
      () => {
        this.fault(`${open} requests were not answered within ${ANSWER_LIMIT_MS} ms`);
        resolve();
      },
      times.at(-1) - epochMs() + ANSWER_LIMIT_MS,
    );
    const done = () => {
      open -= 1;
      if (open > 0) return;
      clearTimeout(limit);
      resolve();
    };
    const pump = () => {
      while (next < times.length && times[next] <= epochMs()) this.send(next++, done);
      if (next < times.length) setTimeout(pump, Math.max(1, times[next] - epochMs()));
    };
    pump();
  }

  send(index, done) {
    const { result } = this;
    const call = this.draw();
    result.kinds[index] = KINDS.indexOf(call.kind);
    result.sentLateMs[index] = epochMs() - result.at[index];
    const chunks = [];
    let status = 0;
    this.pool.dispatch(
      {
        method: call.method,
        path: call.path,
        headers: {
          authorization: `Bearer ${call.key}`,
          ...(call.body !== undefined && { 'content-type': 'application/json' }),
        },
        body: call.body === undefined ? null : JSON.stringify(call.body),
      },
      {
        onRequestStart() {},
        onResponseStart(_controller, code) {
          status = code;
        },
        onResponseData(_controller, chunk) {
          chunks.push(chunk);
        },
        onResponseEnd: () => {
          result.latencyMs[index] = epochMs() - result.at[index];
          result.statuses[status] = (result.statuses[status] ?? 0) + 1;
          this.judge(call, status, chunks);
          done();
        },
        onResponseError: (_controller, error) => {
          this.fault(`${call.method} ${call.path}: ${error.message}`);
          done();
        },
      },
    );
  }

  judge(call, status, chunks) {
    if (status === 429 && this.toleratesRefusals) return;
    const text = Buffer.concat(chunks).toString();
    try {
      const wrong = status === call.status ? call.check(text === '' ? null : JSON.parse(text)) : `status ${status}`;
      if (wrong) this.fault(`${call.method} ${call.path}: ${wrong}: ${text.slice(0, 300)}`);
    } catch (error) {
      this.fault(`${call.method} ${call.path}: ${error.message}: ${text.slice(0, 300)}`);
    }
  }

  fault(text) {
    this.result.faults += 1;
    if (this.result.faultsTold.length < FAULTS_TOLD) this.result.faultsTold.push(text);
  }

  /** Of 100 requests 80 read a job, 10 list a project's and 10 write: 8 change a job, 1 creates one, 1 deletes it again. */
  draw() {
    const random = this.random();
    if (random < 0.8) return this.read();
    const tenant = this.pick(this.tenants);
    if (random < 0.9) return this.list(tenant);
    if (random < 0.98) return this.change(tenant);
    if (random < 0.99 || this.deletable.length === 0) return this.create(tenant);
    return this.delete(this.deletable.splice(Math.floor(this.random() * this.deletable.length), 1)[0]);
  }

  pick(from) {
    return from[Math.floor(this.random() * from.length)];
  }

  /** A job that was written a moment ago, if there is one, so that every change is read back; else any. */
  read() {
    const written = this.readBack.shift();
    const tenant = written?.tenant ?? this.pick(this.tenants);
    const id = written?.id ?? this.pick(tenant.jobIds);
    const atLeast = this.versions.get(id) ?? 1;
    if (written !== undefined) this.result.readsBack += 1;
    return {
      kind: 'read',
      method: 'GET',
      path: `/jobs/${id}`,
      key: this.pick(tenant.keys),
      status: 200,
      check: (job) => {
        if (job.id !== id) return 'another job';
        if (job.version < atLeast) return `version ${job.version} after ${atLeast} was answered`;
        if (written !== undefined && job.version === written.version && job.description !== written.description) {
          return `not "${written.description}"`;
        }
        return null;
      },
    };
  }

  list(tenant) {
    return {
      kind: 'list',
      method: 'GET',
      path: '/jobs',
      key: this.pick(tenant.keys),
      status: 200,
      check: ({ data }) => {
        const ids = new Set(data.map((job) => job.id));
        // Fifty are a page: those created meanwhile may push the oldest off it.
        return data.length < 50 && tenant.jobIds.some((id) => !ids.has(id)) ? 'a job is not on the list' : null;
      },
    };
  }

  change(tenant) {
    const id = this.pick(tenant.jobIds);
    this.writes += 1;
    const description = `change ${this.writes}`;
    return {
      kind: 'write',
      method: 'PATCH',
      path: `/jobs/${id}`,
      key: this.pick(tenant.writers),
      body: { description },
      status: 200,
      check: (job) => {
        if (job.description !== description) return `not "${description}"`;
        this.versions.set(id, Math.max(job.version, this.versions.get(id) ?? 1));
        this.changes.set(id, (this.changes.get(id) ?? 0) + 1);
        this.readBack.push({ tenant, id, version: job.version, description });
        return null;
      },
    };
  }

  create(tenant) {
    this.writes += 1;
    const name = `made-${process.pid}-${this.writes}`;
    return {
      kind: 'write',
      method: 'POST',
      path: '/jobs',
      key: this.pick(tenant.writers),
      body: { name, schedule: '0 9 1 1 *', target: tenant.targetUrl },
      status: 201,
      check: (job) => {
        if (job.name !== name) return 'another name';
        this.created.push(job.id);
        this.deletable.push({ tenant, id: job.id });
        return null;
      },
    };
  }

  delete(made) {
    const { tenant, id } = made;
    return {
      kind: 'write',
      method: 'DELETE',
      path: `/jobs/${id}`,
      key: this.pick(tenant.writers),
      status: 204,
      check: () => {
        this.deleted.push(id);
        return null;
      },
    };
  }

  /** What was answered as done, for the ledger to be held against. */
  account() {
    return { changes: this.changes, created: this.created, deleted: this.deleted };
  }
}

let generator;
process.on('message', (message) => {
  if (message.start) generator = new Generator(message.start);
  else if (message.run) void generator.run(message.run).then((result) => process.send(result));
  else process.send(generator.account());
});
process.on('disconnect', () => process.exit());
