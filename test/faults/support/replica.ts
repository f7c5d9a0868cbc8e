import { join } from 'node:path';
import { startService } from '../../support/service-process.js';
import type { ServiceEnd, ServiceProcess } from '../../support/service-process.js';
import { callApi } from './api.js';
import type { Answer } from './api.js';
import type { TcpProxy } from './proxy.js';

/** A build that nobody touches while the suite runs; without it dist/. Set by scripts/faults.mjs. */
const BUILD = process.env['FAULT_BUILD'];

export interface ReplicaOptions {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** Of node. */
  readonly flags?: readonly string[];
  /** Another version's `main.js`. */
  readonly script?: string;
  readonly postgresProxy: TcpProxy | null;
  readonly redisProxy: TcpProxy | null;
}

export interface SystemAnswer {
  readonly replicaId: string;
  readonly leader: { readonly replicaId: string; readonly self: boolean; readonly epoch: number } | null;
  readonly degraded: readonly string[];
  readonly clockOffsetMs: number;
}

/** One replica of the service: a process that dies and comes back, perhaps behind proxies of its own. */
export class Replica {
  readonly name: string;
  readonly postgresProxy: TcpProxy | null;
  readonly redisProxy: TcpProxy | null;
  /** For the next start: `replica.env['LEADER_TTL'] = '10s'`. */
  readonly env: Record<string, string>;
  script: string | undefined;
  /** Not there until it is started by name, and gone for good when it was stopped: healing leaves it alone. */
  standsBy = false;
  private readonly flags: readonly string[] | undefined;
  private readonly processes: ServiceProcess[] = [];
  private service: ServiceProcess | null = null;
  private frozen = false;

  constructor(options: ReplicaOptions) {
    this.name = options.name;
    this.postgresProxy = options.postgresProxy;
    this.redisProxy = options.redisProxy;
    this.env = { ...options.env };
    this.flags = options.flags;
    this.script = options.script ?? (BUILD === undefined ? undefined : join(BUILD, 'dist/main.js'));
  }

  get state(): 'up' | 'frozen' | 'down' {
    if (this.service === null) return 'down';
    return this.frozen ? 'frozen' : 'up';
  }

  /** What all its processes printed. */
  get lines(): string[] {
    return this.processes.flatMap(({ pid, lines }) => [`--- replica ${this.name}, process ${pid}`, ...lines]);
  }

  get pid(): number {
    return this.process.pid;
  }

  get url(): string {
    return this.process.url;
  }

  async start(): Promise<void> {
    if (this.service !== null) return;
    const service = await startService({
      env: this.env,
      flags: this.flags,
      script: this.script,
      timeoutMs: 40_000,
    });
    this.processes.push(service);
    this.service = service;
    void service.exited.then(() => {
      if (this.service === service) this.forget();
    });
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    const { service } = this;
    if (service === null) return;
    service.kill('SIGKILL');
    await service.exited;
    this.forget();
  }

  /** SIGTERM, and how it ended. SIGKILL if it has not ended after the patience. */
  async stop(patienceMs = 15_000): Promise<ServiceEnd> {
    const { service } = this;
    if (service === null) throw new Error(`replica ${this.name} is down already`);
    this.thaw();
    const end = await service.stop(patienceMs);
    this.forget();
    return end;
  }

  /** SIGSTOP: its connections stay open, and it does nothing. */
  freeze(): void {
    this.process.kill('SIGSTOP');
    this.frozen = true;
  }

  thaw(): void {
    if (!this.frozen) return;
    this.service?.kill('SIGCONT');
    this.frozen = false;
  }

  call(method: string, path: string, body?: unknown, limitMs?: number): Promise<Answer> {
    return callApi(this.url, method, path, body, limitMs);
  }

  async system(): Promise<SystemAnswer> {
    const { status, body } = await this.call('GET', '/system', undefined, 2_000);
    if (status !== 200) throw new Error(`replica ${this.name} answered ${status} to GET /system`);
    return body as SystemAnswer;
  }

  /** A gauge or counter of `/metrics`, all its labels added up. */
  async metric(name: string): Promise<number> {
    const { body } = await this.call('GET', '/metrics', undefined, 2_000);
    const values = String(body).matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'));
    return [...values].reduce((sum, [, value]) => sum + Number(value), 0);
  }

  private forget(): void {
    this.service = null;
    this.frozen = false;
  }

  private get process(): ServiceProcess {
    if (this.service === null) throw new Error(`replica ${this.name} is down`);
    return this.service;
  }
}
