import { randomUUID } from 'node:crypto';
import type { Message } from '../../src/messaging/messages.js';
import { PostgresMessages } from '../../src/messaging/postgres-messages.js';
import type { Database } from '../../src/persistence/database.js';
import { TcpProxy } from '../faults/support/proxy.js';
import { waitFor } from '../support/wait-for.js';
import type { Ledger } from './ledger-fixture.js';
import { openLedger, testConfig } from './ledger-fixture.js';

let ledger: Ledger;
let instances: PostgresMessages[] = [];

beforeAll(async () => {
  ledger = await openLedger();
});

afterEach(async () => {
  for (const instance of instances) await instance.onApplicationShutdown();
  instances = [];
});

afterAll(() => ledger?.close());

async function instance(
  database: Database = ledger.database,
  databaseUrl: string = ledger.url,
): Promise<{ messages: PostgresMessages; heard: Message[] }> {
  const messages = new PostgresMessages(database, testConfig({ databaseUrl }));
  const heard: Message[] = [];
  messages.subscribe((message) => heard.push(message));
  await messages.onModuleInit();
  instances.push(messages);
  return { messages, heard };
}

const terminateListeners = (): Promise<unknown> =>
  ledger.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'carillon-messages'`);

const listeners = async (): Promise<number> =>
  (
    await ledger.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'carillon-messages' AND query LIKE 'LISTEN%'`,
    )
  ).length;

const DUE: Message = { type: 'jobDue', at: 1_800_000_000_123 };

test('a message reaches this replica at once and the others once', async () => {
  const [one, two, three] = [await instance(), await instance(), await instance()];
  one.messages.publish(DUE);
  expect(one.heard).toEqual([DUE]);
  await waitFor(
    'the others',
    () => two.heard.length + three.heard.length,
    (count) => count >= 2,
  );
  two.messages.publish({ type: 'runsQueued' });
  await waitFor(
    'the answer',
    () => one.heard,
    (heard) => heard.length === 2,
  );
  expect([one.heard, two.heard, three.heard]).toEqual([
    [DUE, { type: 'runsQueued' }],
    [DUE, { type: 'runsQueued' }],
    [DUE, { type: 'runsQueued' }],
  ]);
});

test('a burst travels whole, beyond the size of one notification; equal ones once', async () => {
  const [one, two] = [await instance(), await instance()];
  const runIds = Array.from({ length: 1_234 }, () => randomUUID());
  one.messages.publish({ type: 'runsCancelled', runIds });
  for (let index = 0; index < 2_000; index += 1) one.messages.publish({ type: 'jobDue', at: index % 1_000 });
  const got = (): string[] => two.heard.flatMap((message) => (message.type === 'runsCancelled' ? message.runIds : []));
  await waitFor(
    'all of it',
    () => two.heard.filter(({ type }) => type === 'jobDue').length,
    (count) => count >= 1_000,
  );
  expect(got()).toEqual(runIds);
  expect(two.heard.filter(({ type }) => type === 'jobDue')).toHaveLength(1_000);
});

test('a connection that is dead without an end is given up, and messages come through', async () => {
  const url = new URL(ledger.url);
  const { port } = url;
  const proxy = await TcpProxy.start(() => Number(port));
  try {
    url.port = String(proxy.port);
    const [one, two] = [await instance(), await instance(ledger.database, url.href)];
    proxy.strand();
    const madeUp = (heard: Message[]): boolean =>
      heard.some((message) => message.type === 'jobDue' && message.at === 0);
    await waitFor('the look for what was missed', () => two.heard, madeUp, { timeoutMs: 10_000 });
    one.messages.publish(DUE);
    await waitFor(
      'the message',
      () => two.heard.at(-1),
      (last) => last?.type === 'jobDue' && last.at === DUE.at,
    );
    await two.messages.onApplicationShutdown();
  } finally {
    await proxy.close();
  }
}, 15_000);

test('a killed connection is made again, what was missed is looked for, and messages come through', async () => {
  const [one, two] = [await instance(), await instance()];
  await terminateListeners();
  await waitFor('both to listen again', listeners, (count) => count === 2);
  await waitFor(
    'the look for what was missed',
    () => two.heard.length,
    (count) => count >= 3,
  );
  expect(two.heard).toEqual([{ type: 'jobDue', at: 0 }, { type: 'runsQueued' }, { type: 'messagesLost' }]);
  one.messages.publish(DUE);
  await waitFor(
    'the message',
    () => two.heard.at(-1),
    (last) => last?.type === 'jobDue' && last.at === DUE.at,
  );
  await terminateListeners();
  await waitFor(
    'both to listen once more',
    () => two.heard.length,
    (count) => count === 5,
  );
});

test('what can not be sent is dropped, and later messages are sent', async () => {
  let away = true;
  const flaky = {
    rows: (...args: Parameters<Database['rows']>) =>
      away ? Promise.reject(new Error('away')) : ledger.database.rows(...args),
  };
  const one = await instance(flaky as unknown as Database);
  const two = await instance();
  one.messages.publish(DUE);
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  away = false;
  one.messages.publish({ type: 'runsQueued' });
  await waitFor('the later one', () => two.heard.length);
  expect(two.heard).toEqual([{ type: 'runsQueued' }]);
});

test('what another program notifies is ignored', async () => {
  const { heard, messages } = await instance();
  for (const payload of ['', 'hello', '{}', '{"from":"x","messages":7}', 'null'])
    await ledger.query(`SELECT pg_notify('carillon', $1)`, payload);
  const two = await instance();
  two.messages.publish(DUE);
  await waitFor('ours', () => heard.length);
  expect(heard).toEqual([DUE]);
  expect(messages).toBeDefined();
});

test('stopped, it neither listens nor comes back', async () => {
  const { messages } = await instance();
  await terminateListeners();
  await messages.onApplicationShutdown();
  await waitFor('no listener', listeners, (count) => count === 0);
  await new Promise((resolve) => setTimeout(resolve, 250)); // longer than the first pause before listening again
  expect(await listeners()).toBe(0);
});
