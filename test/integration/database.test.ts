import net from 'node:net';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { Database, inOrder } from '../../src/persistence/database.js';
import { dataSourceOptions } from '../../src/persistence/data-source.js';
import { createTestDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';

let own: TestDatabase;
let dataSource: DataSource;
let database: Database;
let other: pg.Client;

beforeAll(async () => {
  own = await createTestDatabase();
  dataSource = new DataSource(dataSourceOptions({ url: own.url, poolSize: 2, applicationName: 'test' }));
  await dataSource.initialize();
  database = new Database(dataSource);
  other = new pg.Client({ connectionString: own.url });
  await other.connect();
});

/** Postgres goes on with what its client has given up. */
afterEach(async () => {
  await other.query(`
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()`);
});

afterAll(async () => {
  await other.end();
  await dataSource.destroy();
  await own.drop();
});

const BACKEND = { text: 'SELECT pg_backend_pid() AS pid' };

it('a connection that breaks between two statements fails its transaction, and nothing else', async () => {
  const broken = database.transaction(async (sql) => {
    const [backend] = await sql.rows<{ pid: number }>(BACKEND);
    await other.query('SELECT pg_terminate_backend($1, 5000)', [backend?.pid]);
    await new Promise((resolve) => setImmediate(resolve)); // the news arrives while no statement is under way
    await sql.rows(BACKEND);
  });
  await expect(broken).rejects.toThrow(/terminat|not queryable|closed/i);
  expect(await database.transaction((sql) => sql.rows(BACKEND))).toHaveLength(1);
});

it('a transaction that throws leaves nothing behind, and its connection serves the next', async () => {
  const failing = database.transaction(async (sql) => {
    await sql.rows({ text: 'CREATE TABLE unwanted (n int)' });
    throw new Error('changed my mind');
  });
  await expect(failing).rejects.toThrow('changed my mind');
  expect(await database.rows({ text: "SELECT to_regclass('unwanted') AS found" })).toEqual([{ found: null }]);
});

describe('statements left to the commit', () => {
  beforeAll(() => other.query('CREATE TABLE left_to_commit (n int PRIMARY KEY CHECK (n < 10))'));
  afterAll(() => other.query('DROP TABLE left_to_commit'));
  afterEach(() => other.query('TRUNCATE left_to_commit'));

  const insert = (n: number) => ({ text: `INSERT INTO left_to_commit VALUES (${n})` });
  const kept = async (): Promise<number[]> => {
    const { rows } = await other.query<{ n: number }>('SELECT n FROM left_to_commit ORDER BY n');
    return rows.map(({ n }) => n);
  };

  it('are committed with the others', async () => {
    await database.transaction(async (sql) => {
      await sql.rows(insert(1));
      sql.leaveToCommit(sql.rows(insert(2)));
      sql.leaveToCommit(inOrder([sql.rows(insert(3)), undefined, sql.rows(insert(4))]));
    });
    expect(await kept()).toEqual([1, 2, 3, 4]);
  });

  it('fail the transaction with the error of the first that fails, however late its rejection is seen', async () => {
    const slowly = async (statement: Promise<unknown>): Promise<void> => {
      try {
        await statement;
      } catch (error) {
        for (let hop = 0; hop < 20; hop += 1) await Promise.resolve();
        throw error;
      }
    };
    const failing = database.transaction(async (sql) => {
      sql.leaveToCommit(sql.rows(insert(1)));
      sql.leaveToCommit(slowly(sql.rows(insert(11))));
      sql.leaveToCommit(sql.rows(insert(1)));
      return 'done';
    });
    await expect(failing).rejects.toMatchObject({ code: '23514' });
    expect(await kept()).toEqual([]);
    expect(await backendsOfPool()).toHaveLength(2);
  });

  it("are nobody's rejection when the transaction throws for another reason", async () => {
    const failing = database.transaction((sql) => {
      sql.leaveToCommit(sql.rows(insert(11)));
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    expect(await kept()).toEqual([]);
  });
});

it('a failed statement that nobody took notice of is not taken for a commit', async () => {
  const failing = database.transaction(async (sql) => {
    await sql.rows({ text: 'CREATE TABLE unnoticed (n int)' });
    await sql.rows({ text: 'SELECT 1 / 0' }).catch(() => undefined);
  });
  await expect(failing).rejects.toThrow('rolled back');
  expect(await database.rows({ text: "SELECT to_regclass('unnoticed') AS found" })).toEqual([{ found: null }]);
});

/** As many as the pool has, idle by now. */
async function backendsOfPool(): Promise<number[]> {
  const both = await Promise.all([1, 2].map(() => database.transaction((sql) => sql.rows<{ pid: number }>(BACKEND))));
  return both.flat().map(({ pid }) => pid);
}

const NEVER = { text: 'SELECT pg_sleep(30)', limitMs: 50 };

it.each([
  ['a statement', () => database.rows(NEVER)],
  ['a transaction', () => database.transaction((sql) => sql.rows(NEVER))],
  ['a transaction by its own limit', () => database.transaction((sql) => sql.rows({ text: NEVER.text }), 50)],
])('%s without an answer ends at its limit, and no connection from before is used again', async (_what, unanswered) => {
  const before = await backendsOfPool();
  expect(new Set(before).size).toBe(2);
  await expect(unanswered()).rejects.toThrow('Query read timeout');
  const after = await backendsOfPool();
  expect(after.filter((pid) => before.includes(pid))).toEqual([]);
});

/** What Postgres sends when an administrator ends a connection: ErrorResponse, with severity, code and message. */
function farewell(): Buffer {
  const fields = Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0');
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}

/** Stands before Postgres; while `endsNew` is set it ends each new connection in the packet that says it is ready. */
async function startDoor({
  port,
  hostname,
}: URL): Promise<{ port: number; state: { endsNew: boolean; ended: number }; close(): void }> {
  const state = { endsNew: false, ended: 0 };
  const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(port), hostname);
    sockets.add(client).add(upstream);
    client.pipe(upstream);
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    upstream.on('error', () => client.destroy()).on('close', () => client.destroy());
    upstream.on('data', (packet: Buffer) => {
      if (!state.endsNew || !packet.subarray(-READY.length).equals(READY)) return void client.write(packet);
      state.ended += 1;
      client.end(Buffer.concat([packet, farewell()]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { port: (server.address() as AddressInfo).port, state, close };
}

it('a connection that Postgres ends in the packet that opens it fails its caller alone, not the process', async () => {
  const url = new URL(own.url);
  const door = await startDoor(url);
  url.hostname = '127.0.0.1';
  url.port = String(door.port);
  const behind = new DataSource(dataSourceOptions({ url: url.href, poolSize: 1, applicationName: 'test' }));
  await behind.initialize();
  const guarded = new Database(behind);
  try {
    // The one connection of the pool goes, so that the next caller opens another.
    await expect(guarded.rows(NEVER)).rejects.toThrow('Query read timeout');
    door.state.endsNew = true;
    await expect(guarded.transaction((sql) => sql.rows(BACKEND))).rejects.toThrow(/terminat|not queryable|closed/i);
    expect(door.state.ended).toBeGreaterThan(0);
    door.state.endsNew = false;
    expect(await guarded.rows(BACKEND)).toHaveLength(1);
  } finally {
    await behind.destroy();
    door.close();
  }
});
