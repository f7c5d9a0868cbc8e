import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import pg from 'pg';
import { AccessModule } from '../../src/access/access.module.js';
import { AuthorizationModule } from '../../src/access/authorization.module.js';
import { IdentificationModule } from '../../src/access/identification.module.js';
import { HistoryModule } from '../../src/history/history.module.js';
import { IdempotencyModule } from '../../src/idempotency/idempotency.module.js';
import { JobsModule } from '../../src/jobs/jobs.module.js';
import { Messages, type Message } from '../../src/messaging/messages.js';
import { PostgresMessages } from '../../src/messaging/postgres-messages.js';
import { dataSourceOptions } from '../../src/persistence/data-source.js';
import { PlanningRepository } from '../../src/persistence/planning.repository.js';
import { Metrics } from '../../src/platform/metrics.js';
import { Planner } from '../../src/scheduling/planner.js';
import { PersistenceModule } from '../../src/persistence/persistence.module.js';
import { Clock } from '../../src/platform/clock.js';
import { Config } from '../../src/platform/config.js';
import { encryptionKeys } from '../../src/platform/config/readers.js';
import { Degradation } from '../../src/platform/health/degradation.js';
import { acceptJson, BODY_LIMIT_BYTES } from '../../src/platform/http/json-body.js';
import { acceptTextWhereTaken } from '../../src/platform/http/text-body.js';
import { keepCurrentRequest } from '../../src/platform/http/current-request.js';
import { RouteTable } from '../../src/platform/http/route-table.js';
import { ProblemFilter } from '../../src/platform/problem-details/problem.filter.js';
import { RunQueue, type QueuedRun } from '../../src/queue/run-queue.js';
import { RunsModule } from '../../src/runs/runs.module.js';
import { SchedulesModule } from '../../src/schedules/schedules.module.js';
import { NO_TRACING } from '../../src/platform/tracing/tracing.js';
import { StatisticsModule } from '../../src/statistics/statistics.module.js';
import { readContract } from '../support/contract.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Global, Module } from '@nestjs/common';

export type Json = Record<string, ReturnType<typeof JSON.parse>>;

export interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: Json;
}

/** What seals secrets here, and what opens them to look. */
export const TEST_KEYS = encryptionKeys.read(`test:${Buffer.alloc(32, 7).toString('base64')}`) ?? [];
const contract = readContract();

export const START = Date.parse('2026-03-02T08:00:00.000Z');
/** Sent with every call: where `auth` is `keys` it is asked for. */
const ROOT = 'the-root-key-of-the-tests';

class SetClock extends Clock {
  readonly offsetMs = 0;
  at = START;

  now(): number {
    return this.at;
  }

  async sync(): Promise<void> {}

  agrees(): boolean {
    return true;
  }
}

class SetDegradation extends Degradation {
  lines: readonly string[] = [];

  degraded(): readonly string[] {
    return this.lines;
  }
}

class RecordedMessages extends Messages {
  readonly sent: Message[] = [];

  publish(message: Message): void {
    this.sent.push(message);
  }

  subscribe(): void {}
}

class RecordedQueue extends RunQueue {
  readonly queued: string[] = [];

  async enqueue(runs: readonly QueuedRun[]): Promise<void> {
    this.queued.push(...runs.map(({ id }) => id));
  }

  async consume(): Promise<void> {}
  wakeAt(): void {}
  async stop(): Promise<void> {}
}

/** The API over a database of its own, with a clock that stands still and a queue that only records. */
export class Api {
  private constructor(
    /** Of its database: another instance may share it. */
    readonly database: TestDatabase,
    readonly app: NestFastifyApplication,
    readonly clock: SetClock,
    readonly degradation: SetDegradation,
    readonly messages: RecordedMessages,
    readonly queue: RecordedQueue,
    readonly db: pg.Pool,
    private readonly drop: () => Promise<void>,
  ) {}

  /** Over the database of another instance, if one is given; stop that one last. */
  static async start(settings: Partial<Config> = {}, besides?: Api): Promise<Api> {
    const database = besides?.database ?? (await createTestDatabase());
    const clock = new SetClock();
    const degradation = new SetDegradation();
    const messages = new RecordedMessages();
    const queue = new RecordedQueue();
    const config = {
      ...{ databaseUrl: database.url, redisUrl: null, cache: true, runRetentionMs: 30 * 86_400_000 },
      ...{ auth: 'open', rootApiKey: ROOT, oidc: null, egressAllow: { cidrs: [], hosts: [] } },
      encryptionKeys: TEST_KEYS,
      ...settings,
    };

    @Global()
    @Module({
      providers: [
        { provide: Config, useValue: config },
        { provide: Clock, useValue: clock },
        { provide: Degradation, useValue: degradation },
        Metrics,
      ],
      exports: [Config, Clock, Degradation, Metrics],
    })
    class TestPlatform {}

    const testing = await Test.createTestingModule({
      imports: [
        TypeOrmModule.forRoot(dataSourceOptions({ url: config.databaseUrl, poolSize: 10, applicationName: 'test' })),
        TestPlatform,
        IdentificationModule,
        AuthorizationModule,
        PersistenceModule,
        IdempotencyModule,
        JobsModule,
        RunsModule,
        SchedulesModule,
        AccessModule,
        HistoryModule,
        StatisticsModule,
      ],
    })
      .overrideProvider(PostgresMessages)
      .useValue(messages)
      .overrideProvider(RunQueue)
      .useValue(queue)
      .compile();
    const adapter = new FastifyAdapter({ bodyLimit: BODY_LIMIT_BYTES, routerOptions: { maxParamLength: 2_400 } });
    const routes = new RouteTable();
    routes.watch(adapter.getInstance());
    acceptJson(adapter.getInstance());
    acceptTextWhereTaken(adapter.getInstance());
    keepCurrentRequest(adapter.getInstance());
    const app = testing.createNestApplication<NestFastifyApplication>(adapter, { bodyParser: false, logger: false });
    app.useGlobalFilters(new ProblemFilter(routes));
    await app.init();
    await adapter.getInstance().ready();
    const db = new pg.Pool({ connectionString: database.url, max: 4 });
    const drop = besides === undefined ? () => database.drop() : async () => {};
    return new Api(database, app, clock, degradation, messages, queue, db, drop);
  }

  /** Forgets all jobs, runs and messages, and sets the clock back. */
  async reset(): Promise<void> {
    await this.db.query('TRUNCATE jobs, job_states, job_stats, runs, kept_answers CASCADE');
    this.clock.at = START;
    this.degradation.lines = [];
    this.messages.sent.length = 0;
    this.queue.queued.length = 0;
  }

  async create(job: Json): Promise<Json & { id: string }> {
    const { status, body } = await this.call('POST', '/jobs', job);
    if (status !== 201) throw new Error(JSON.stringify(body));
    return body as Json & { id: string };
  }

  /** The next occurrence of a job and its next look, as the planner sees them; epoch milliseconds. */
  async nextOf(id: string): Promise<(number | null)[]> {
    const [row] = await this.rows(
      'SELECT next_occurrence_at AS o, next_run_at AS r FROM job_states WHERE job_id = $1',
      [id],
    );
    return [row?.['o'], row?.['r']].map((at: Date | null | undefined) => at?.getTime() ?? null);
  }

  /** Plans what is due at the clock's time, as a leader would. */
  async plan(): Promise<number> {
    const planner = new Planner(this.app.get(PlanningRepository), this.queue, this.messages, new Metrics(), NO_TRACING);
    let runs = 0;
    for (;;) {
      const tick = await planner.tick(this.clock.at, 1);
      if (tick.jobs === 0) return runs;
      runs += tick.runs;
    }
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.db.end();
    await this.drop();
  }

  /** A call whose answer keeps the contract of docs/openapi.json, or it throws. */
  async call(method: string, url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const hasBody = body !== undefined;
    const response = await this.app.inject({
      method: method as 'GET',
      url,
      headers: {
        authorization: `Bearer ${ROOT}`,
        ...(hasBody && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(hasBody && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = response.payload;
    contract.verify({ method, url, status: response.statusCode, headers: response.headers, text });
    return {
      status: response.statusCode,
      headers: response.headers,
      body: text === '' ? {} : (JSON.parse(text) as Json),
    };
  }

  async rows(text: string, values: unknown[] = []): Promise<Json[]> {
    return (await this.db.query<Json>(text, values)).rows;
  }
}
