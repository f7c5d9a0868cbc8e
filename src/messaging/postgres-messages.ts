import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { Client } from 'pg';
import { Database, PROMPT_MS } from '../persistence/database.js';
import { Config } from '../platform/config.js';
import { Messages } from './messages.js';
import type { Message } from './messages.js';

const CHANNEL = 'carillon';
/** NOTIFY carries less than 8,000 bytes. */
const PAYLOAD_BYTES = 7_500;
const FIRST_RECONNECT_MS = 100;
const LAST_RECONNECT_MS = 5_000;
const GOODBYE_MS = 500;
const CONFESS_AFTER_MS = 1_000;
/** Who only listens would never notice that the connection is dead: so often it asks for an answer, so long it waits for one. */
const CHECK_EVERY_MS = 3_000;
const CHECK_LIMIT_MS = 3_000;

const NOTIFY = {
  name: 'messages-notify',
  limitMs: PROMPT_MS,
  text: `SELECT pg_notify('${CHANNEL}', payload) FROM unnest($1::text[]) AS payload`,
};

/**
 * Messages over Postgres NOTIFY, with or without Redis: one way that is there whenever the ledger is. Those of one turn
 * travel together, after the commits they speak of, so that no transaction pays for them.
 */
@Injectable()
export class PostgresMessages extends Messages implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(PostgresMessages.name);
  private readonly sender = randomUUID();
  private readonly listeners: ((message: Message) => void)[] = [];
  private outgoing: Message[] = [];
  private sending = false;
  private client: Client | null = null;
  private reconnectMs = FIRST_RECONNECT_MS;
  private reconnect: NodeJS.Timeout | undefined;
  private confession: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly config: Config,
  ) {
    super();
  }

  async onModuleInit(): Promise<void> {
    this.hearWhoListens();
    await this.listen();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.reconnect);
    clearTimeout(this.confession);
    // A server that does not answer must not keep us: a goodbye is not worth waiting for.
    const { client } = this;
    this.client = null;
    if (client !== null)
      await Promise.race([client.end().catch(() => undefined), sleep(GOODBYE_MS, undefined, { ref: false })]);
  }

  publish(message: Message): void {
    this.deliver(message);
    this.outgoing.push(message);
    if (this.sending) return;
    this.sending = true;
    setImmediate(() => void this.send());
  }

  subscribe(listener: (message: Message) => void): void {
    this.listeners.push(listener);
  }

  private deliver(message: Message): void {
    for (const listener of this.listeners) listener(message);
  }

  private async send(): Promise<void> {
    while (this.outgoing.length > 0) {
      const batch = this.outgoing;
      this.outgoing = [];
      try {
        await this.database.rows(NOTIFY, [pack(this.sender, batch)]);
      } catch (error) {
        this.logger.debug(`${batch.length} messages were not sent; the next passes make up for them: ${String(error)}`);
        this.sayThatSomeWereLost();
      }
    }
    this.sending = false;
  }

  /** Until it could be said. */
  private sayThatSomeWereLost(): void {
    if (this.stopped || this.confession !== undefined) return;
    this.confession = setTimeout(() => {
      this.confession = undefined;
      this.publish({ type: 'messagesLost' });
    }, CONFESS_AFTER_MS).unref();
  }

  private async listen(): Promise<void> {
    const client = new Client({
      connectionString: this.config.databaseUrl,
      application_name: 'carillon-messages',
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      connectionTimeoutMillis: 10_000,
      query_timeout: CHECK_LIMIT_MS,
    });
    client.on('error', () => this.lost(client));
    client.on('end', () => this.lost(client));
    client.on('notification', ({ payload }) => this.receive(payload ?? ''));
    this.client = client;
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      if (this.reconnectMs > FIRST_RECONNECT_MS) this.makeUpForLost();
      this.reconnectMs = FIRST_RECONNECT_MS;
      void this.check(client);
    } catch {
      this.lost(client);
    }
  }

  /** Never throws. Ends with the connection. */
  private async check(client: Client): Promise<void> {
    try {
      while (this.client === client) {
        await sleep(CHECK_EVERY_MS, undefined, { ref: false });
        if (this.client === client) await client.query('SELECT 1');
      }
    } catch {
      this.lost(client);
    }
  }

  private lost(client: Client): void {
    if (this.client !== client || this.stopped) return;
    this.client = null;
    client.end().catch(() => undefined);
    this.logger.warn(`messages from other replicas are not heard; listens again in ${this.reconnectMs} ms`);
    this.reconnect = setTimeout(() => void this.listen(), this.reconnectMs);
    this.reconnectMs = Math.min(LAST_RECONNECT_MS, this.reconnectMs * 2);
  }

  /** Nobody knows what was said meanwhile: look at once instead of at the next pass. */
  private makeUpForLost(): void {
    this.deliver({ type: 'jobDue', at: 0 });
    this.deliver({ type: 'runsQueued' });
    this.deliver({ type: 'messagesLost' });
  }

  private receive(payload: string): void {
    try {
      const { from, messages } = JSON.parse(payload) as { from: string; messages: Message[] };
      if (from !== this.sender) for (const message of messages) this.deliver(message);
    } catch (error) {
      this.logger.warn(`a message of another replica was not understood and is ignored: ${String(error)}`);
    }
  }
}

/** Payloads of at most PAYLOAD_BYTES; equal messages once. */
function pack(from: string, messages: readonly Message[]): string[] {
  const payloads: string[] = [];
  let texts: string[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (texts.length > 0) payloads.push(`{"from":${JSON.stringify(from)},"messages":[${texts.join(',')}]}`);
    texts = [];
    bytes = 0;
  };
  for (const text of new Set(messages.flatMap(split).map((message) => JSON.stringify(message)))) {
    if (bytes + text.length > PAYLOAD_BYTES) flush();
    texts.push(text);
    bytes += text.length + 1;
  }
  flush();
  return payloads;
}

const IDS_A_MESSAGE = 100;

function split(message: Message): Message[] {
  switch (message.type) {
    case 'runsCancelled':
    case 'runsChanged':
      return inParts(message.runIds).map((runIds) => ({ ...message, runIds }));
    case 'eventsWanted':
      return inParts(message.projectIds).map((projectIds) => ({ ...message, projectIds }));
    default:
      return [message];
  }
}

/** One part at least. */
function inParts(ids: readonly string[]): (readonly string[])[] {
  if (ids.length <= IDS_A_MESSAGE) return [ids];
  const parts: (readonly string[])[] = [];
  for (let start = 0; start < ids.length; start += IDS_A_MESSAGE) parts.push(ids.slice(start, start + IDS_A_MESSAGE));
  return parts;
}
