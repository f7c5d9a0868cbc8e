import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import { Injectable } from '@nestjs/common';
import type { Pool, PoolClient, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import pg, { types } from 'pg';
import { DataSource } from 'typeorm';
import { refusedByQuota } from './refused-by-quota.js';

const TIMESTAMPTZ_OID = 1184;
const INT8_OID = 20;
const parseTimestamptz = types.getTypeParser(TIMESTAMPTZ_OID) as (text: string) => Date;

/**
 * A replica that freezes inside a transaction holds row locks that keep planners and users waiting: Postgres ends the
 * transaction for it, and the replica finds its connection gone when it wakes.
 */
const BEGIN = `BEGIN; SET LOCAL idle_in_transaction_session_timeout = '5s'`;

let lastParsedText = '';
let lastParsedMs = 0;

/** What is read together is mostly of one instant: a herd's rows hold the same text thousands of times in a row. */
function parseInstantColumn(text: string): number {
  if (text !== lastParsedText) {
    lastParsedMs = parseTimestamptz(text).getTime();
    lastParsedText = text;
  }
  return lastParsedMs;
}

/**
 * How long planning and delivery wait for an answer: a connection can be dead without an end, and whoever waits for it plans
 * and calls nothing. Longer than a frozen replica can keep rows locked.
 */
export const PROMPT_MS = 6_000;

/** Instants come back as epoch milliseconds and int8 as a number (ours stay far below 2^53); all else as pg has it. */
const rowTypes = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): unknown {
    if (oid === TIMESTAMPTZ_OID) return parseInstantColumn;
    if (oid === INT8_OID) return Number;
    return types.getTypeParser(oid, format);
  },
};

export type SqlValue = string | number | boolean | null | readonly (string | number | boolean | null)[];

/** A statement; prepared once a connection when it has a name, which must then be unique to its text. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  /** Given up after this, with its connection; default: that of the pool. What became of it is not known then. */
  readonly limitMs?: number;
}

/** Runs statements, on the pool or inside one transaction. Instants are passed as RFC 3339 text (`formatInstant`). */
export interface Sql {
  rows<Row extends QueryResultRow>(statement: Statement, values?: readonly SqlValue[]): Promise<Row[]>;
  /** How many rows the statement wrote. */
  count(statement: Statement, values?: readonly SqlValue[]): Promise<number>;
}

/** The statements of one transaction. */
export interface Transaction extends Sql {
  /**
   * For the last statements of a write: they are on their way, and the commit goes right behind them, without a wait for their
   * answers in between. When one fails the transaction does, with its error: Postgres commits nothing after it.
   */
  leaveToCommit(writing: Promise<unknown>): void;
}

/** What is told to others once a transaction is committed. */
export type Effect = () => void | Promise<void>;

/** A transaction that holds all that goes on inside of it, by whatever repository. Once it is over it is as if it weren't there. */
interface Whole {
  readonly sql: Transaction;
  readonly effects: Effect[];
  isOpen: boolean;
}

/**
 * Plain SQL beside TypeORM, on the same pool: the planner's, the workers' and the lists' statements are written by hand
 * and prepared by name.
 */
@Injectable()
export class Database implements Sql {
  private readonly wholes = new AsyncLocalStorage<Whole>();

  private readonly prepares: boolean;

  constructor(private readonly dataSource: DataSource) {
    this.prepares = (this.pool.options as { readonly prepares?: boolean }).prepares !== false;
    // Postgres may end a connection in the very packet that opens it, before whoever asked for it can listen.
    this.pool.on('connect', (client) => client.on('error', () => undefined));
  }

  rows<Row extends QueryResultRow>(statement: Statement, values: readonly SqlValue[] = []): Promise<Row[]> {
    return this.whole?.sql.rows<Row>(statement, values) ?? rowsOf(this.runAlone<Row>(statement, values));
  }

  count(statement: Statement, values: readonly SqlValue[] = []): Promise<number> {
    return this.whole?.sql.count(statement, values) ?? countOf(this.runAlone(statement, values));
  }

  /**
   * All that `work` reads and writes here, reads on the pool and transactions too, is one transaction on one connection: a
   * request that held one and waited for a second could wait for ever behind others like it. What is handed to `afterCommit`
   * inside happens after its commit, or never.
   *
   * `lockName`: of an advisory lock that the transaction tries to take as it begins; `work` is told whether it has it. Nobody
   * waits for it, and it ends with the transaction. What `work` reads shows all that was committed before the lock was free, also
   * where it asks at once, without waiting for `isLocked`; before it writes it has to wait.
   */
  async asOne<Result>(
    lockName: string,
    work: (isLocked: Promise<boolean>, sql: Transaction) => Promise<Result>,
  ): Promise<Result> {
    const effects: Effect[] = [];
    const lock = `SELECT pg_try_advisory_xact_lock(hashtextextended(${pg.escapeLiteral(lockName)}, 0)) AS locked`;
    const result = await this.within(`${BEGIN}; ${lock}`, undefined, async (sql, begun) => {
      const whole: Whole = { sql, effects, isOpen: true };
      const isLocked = begun.then((last) => (last?.rows[0] as { locked?: unknown } | undefined)?.locked === true);
      isLocked.catch(() => undefined); // `work` may fail before it asks
      try {
        return await this.wholes.run(whole, () => work(isLocked, sql));
      } finally {
        whole.isOpen = false;
      }
    });
    for (const effect of effects) await effect();
    return result;
  }

  /** Now, or after the commit of the whole (`asOne`) that this is a part of. */
  async afterCommit(effect: Effect): Promise<void> {
    const { whole } = this;
    if (whole === null) await effect();
    else whole.effects.push(effect);
  }

  /**
   * One transaction: commits when `work` resolves, rolls back when it throws. A connection whose ROLLBACK or COMMIT
   * failed is thrown away, never given to the next caller. `limitMs` holds for each of its statements. Inside of a whole
   * (`asOne`) it is a part of that, and committed with all the rest: when it throws, the whole has to. `attempt` is for who
   * goes on then.
   */
  async transaction<Result>(work: (sql: Transaction) => Promise<Result>, limitMs?: number): Promise<Result> {
    const { whole } = this;
    return whole === null ? this.alone(limitMs, work) : work(whole.sql);
  }

  /** A transaction of which nothing is left when it throws, inside of a whole too. */
  attempt<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    const { whole } = this;
    return whole === null ? this.alone(undefined, work) : partOf(whole.sql, work);
  }

  /** What is sent behind a BEGIN that failed would be a transaction of its own, so that is waited for. */
  private alone<Result>(limitMs: number | undefined, work: (sql: Transaction) => Promise<Result>): Promise<Result> {
    return this.within(BEGIN, limitMs, async (sql, begun) => {
      await begun;
      return work(sql);
    });
  }

  /** `begin`: statements of which the last one's result is handed on. */
  private async within<Result>(
    begin: string,
    limitMs: number | undefined,
    work: (sql: Transaction, begun: Promise<QueryResult | undefined>) => Promise<Result>,
  ): Promise<Result> {
    const client = await this.pool.connect();
    const left: Promise<unknown>[] = [];
    let broken: Error | undefined;
    // The pool listens while a connection is idle, pg while it works; between two statements nobody else does, and a
    // connection that breaks then would end the process.
    const onError = (error: Error): void => {
      broken = error;
    };
    client.on('error', onError);
    try {
      // Pg answers several statements with as many results.
      const begun = this.run(client, { text: begin, limitMs }, []).then((results) => [results].flat().at(-1));
      const sql: Transaction = {
        rows: (statement, values = []) => rowsOf(this.run(client, { limitMs, ...statement }, values)),
        count: (statement, values = []) => countOf(this.run(client, { limitMs, ...statement }, values)),
        leaveToCommit: (writing) => void left.push(awaitedLater(writing)),
      };
      const result = await work(sql, begun);
      await inOrder([...left, this.run(client, { text: 'COMMIT', limitMs }, []).then(refuseRollback)]);
      return result;
    } catch (error) {
      if (isUnanswered(error)) {
        broken = error;
        this.dropIdle();
      } else {
        await this.run(client, { text: 'ROLLBACK', limitMs }, []).catch((cause: unknown) => {
          broken = cause instanceof Error ? cause : new Error(String(cause));
        });
      }
      throw error;
    } finally {
      if (broken === undefined) client.removeListener('error', onError);
      client.release(broken);
    }
  }

  /** Work that waits for others for so long inside of a whole keeps it: nobody else may be waiting for rows that it has locked. */
  async keepWaiting(limitMs: number): Promise<void> {
    const text = `SET LOCAL idle_in_transaction_session_timeout = ${Math.ceil(limitMs)}`;
    if (this.whole !== null) await this.rows({ text });
  }

  private get whole(): Whole | null {
    const whole = this.wholes.getStore();
    return whole?.isOpen === true ? whole : null;
  }

  private async runAlone<Row extends QueryResultRow>(
    statement: Statement,
    values: readonly SqlValue[],
  ): Promise<QueryResult<Row>> {
    try {
      return await this.run<Row>(this.pool, statement, values);
    } catch (error) {
      if (isUnanswered(error)) this.dropIdle();
      throw error;
    }
  }

  private run<Row extends QueryResultRow>(
    on: Pool | PoolClient,
    statement: Statement,
    values: readonly SqlValue[],
  ): Promise<QueryResult<Row>> {
    // The types of pg don't know the limit of a single query.
    const query: QueryConfig & { readonly query_timeout: number | undefined } = {
      name: this.prepares ? statement.name : undefined,
      text: statement.text,
      values: values as unknown[],
      types: rowTypes,
      query_timeout: statement.limitMs,
    };
    sendTogether(on);
    return on.query<Row>(query).catch((error: unknown) => {
      throw refusedByQuota(error) ?? error;
    });
  }

  /** Where one connection died without an end the others may have too, and each would cost its next user the whole wait. */
  private dropIdle(): void {
    for (let left = this.pool.idleCount; left > 0; left -= 1) {
      this.pool.connect().then(
        (client) => client.release(true),
        () => undefined,
      );
    }
  }

  get pool(): Pool {
    // TypeORM owns the pool; its driver's type does not name it.
    return (this.dataSource.driver as unknown as { master: Pool }).master;
  }
}

/**
 * What a connection is given before this turn of the event loop ends goes out in one write: each wakes Postgres, and costs more
 * than all else that sending a statement takes.
 */
function sendTogether(on: Pool | PoolClient): void {
  // The types of pg don't know the socket of a connection; a pool has none.
  const socket = (on as { readonly connection?: { readonly stream: Socket } }).connection?.stream;
  if (socket === undefined) return;
  socket.cork();
  process.nextTick(() => socket.uncork());
}

/**
 * Waits for statements that were sent one behind the other. Rejects as the first of them does: those behind it fail because
 * of it, and which rejection is seen first is chance.
 */
export async function inOrder(writing: readonly (Promise<unknown> | undefined)[]): Promise<void> {
  for (const one of writing) if (one !== undefined) void awaitedLater(one);
  for (const one of writing) await one;
}

/** Until then its rejection is nobody's. */
function awaitedLater<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => undefined);
  return promise;
}

/** Postgres commits nothing where a statement failed, whoever took no notice of it. */
function refuseRollback({ command }: QueryResult): void {
  if (command !== 'COMMIT') throw new Error('the transaction was rolled back: one of its statements had failed');
}

/** Who catches what a part threw can go on with the rest. */
async function partOf<Result>(sql: Sql, work: (sql: Sql) => Promise<Result>): Promise<Result> {
  await sql.rows({ text: 'SAVEPOINT part' });
  try {
    const result = await work(sql);
    await sql.rows({ text: 'RELEASE SAVEPOINT part' });
    return result;
  } catch (error) {
    // On a connection that is gone this fails too, and so will the rest.
    await sql.rows({ text: 'ROLLBACK TO SAVEPOINT part' }).catch(() => undefined);
    throw error;
  }
}

/** Pg has no code for it. */
function isUnanswered(error: unknown): error is Error {
  return error instanceof Error && error.message === 'Query read timeout';
}

async function rowsOf<Row extends QueryResultRow>(result: Promise<QueryResult<Row>>): Promise<Row[]> {
  return (await result).rows;
}

async function countOf(result: Promise<QueryResult>): Promise<number> {
  return (await result).rowCount ?? 0;
}
