import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import pg from 'pg';
import { pino } from 'pino';
import { newKeyText } from '../../src/access/key-text.js';
import { AppModule } from '../../src/app.module.js';
import type { KeyRole } from '../../src/domain/access.js';
import { readSettings } from '../../src/platform/config.js';
import { createApp } from '../../src/platform/http/create-app.js';
import { readContract } from '../support/contract.js';
import { createTestDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import type { Answer, Json } from './api.js';

const contract = readContract();

export const ROOT = 'the-root-key-of-the-tests';

/** All routes as the service has them, guards included, over a database of its own. Nothing is planned or delivered. */
export class GuardedApi {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly db: pg.Pool,
    private readonly database: TestDatabase,
    private readonly isReplica: boolean,
  ) {}

  static async start(env: Record<string, string> = {}, logger = pino({ level: 'silent' })): Promise<GuardedApi> {
    return GuardedApi.open(await createTestDatabase(), env, false, logger);
  }

  /** Another one over the same database; to be stopped before the first. */
  replica(env: Record<string, string> = {}): Promise<GuardedApi> {
    return GuardedApi.open(this.database, env, true, pino({ level: 'silent' }));
  }

  private static async open(
    database: TestDatabase,
    env: Record<string, string>,
    isReplica: boolean,
    logger: pino.Logger,
  ): Promise<GuardedApi> {
    const settings = readSettings({
      ...{ DATABASE_URL: database.url, ROLE: 'api', ROOT_API_KEY: ROOT, RATE_LIMIT: 'off' },
      ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
      ...env,
    });
    const config = { ...settings, databaseUrl: database.url, embedded: false };
    const app = await createApp(AppModule.for(config), logger, config);
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    const db = new pg.Pool({ connectionString: database.url, max: 4 });
    return new GuardedApi(app, db, database, isReplica);
  }

  /** A call whose answer keeps the contract of docs/openapi.json, or it throws. */
  async call(
    key: string | null,
    method: string,
    url: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const isText = headers['content-type']?.startsWith('text/') === true;
    const response = await this.app.inject({
      method: method.toUpperCase() as 'GET',
      url,
      headers: {
        ...(key !== null && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { payload: isText && typeof body === 'string' ? body : JSON.stringify(body) }),
      payloadAsStream: true,
    });
    const { statusCode: status, headers: answered } = response;
    const text = await textOf(response);
    contract.verify({ method, url, status, headers: answered, text });
    const isJson = /json/.test(String(response.headers['content-type']));
    return {
      status: response.statusCode,
      headers: response.headers,
      body: isJson ? (JSON.parse(text) as Json) : { text },
    };
  }

  /** A call that must be answered with this status. */
  async must(status: number, ...call: Parameters<GuardedApi['call']>): Promise<Json> {
    const answer = await this.call(...call);
    if (answer.status === status) return answer.body;
    throw new Error(`${call[1]} ${call[2]} answered ${answer.status}, not ${status}: ${JSON.stringify(answer.body)}`);
  }

  async project(name: string): Promise<string> {
    return (await this.must(201, ROOT, 'POST', '/projects', { name }))['id'] as string;
  }

  /** A key as a client gets it. */
  async key(project: string, role: KeyRole, more: Json = {}): Promise<{ id: string; key: string }> {
    const made = await this.must(201, ROOT, 'POST', '/api-keys', { name: role, role, ...more }, inProject(project));
    return made as { id: string; key: string };
  }

  /** A key whose end is over. */
  async expiredKey(project: string): Promise<string> {
    const { id } = await this.key(project, 'admin');
    const { text, hash } = newKeyText();
    await this.db.query(`UPDATE api_keys SET hash = $2, expires_at = now() - interval '1 second' WHERE id = $1`, [
      id,
      hash,
    ]);
    return text;
  }

  async revokedKey(project: string): Promise<string> {
    const { id, key } = await this.key(project, 'admin');
    await this.must(200, key, 'GET', '/jobs'); // so that it is remembered
    await this.must(204, ROOT, 'DELETE', `/api-keys/${id}`, undefined, inProject(project));
    return key;
  }

  async rows(text: string, values: unknown[] = []): Promise<Json[]> {
    return (await this.db.query<Json>(text, values)).rows;
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.db.end();
    if (!this.isReplica) await this.database.drop();
  }
}

export function inProject(project: string): Record<string, string> {
  return { 'carillon-project': project };
}

/** All of an answer; of one that goes on (events) what comes first. */
async function textOf(response: Awaited<ReturnType<NestFastifyApplication['inject']>>): Promise<string> {
  const goesOn = String(response.headers['content-type']).startsWith('text/event-stream');
  const chunks: Buffer[] = [];
  for await (const chunk of response.stream()) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    if (goesOn) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
