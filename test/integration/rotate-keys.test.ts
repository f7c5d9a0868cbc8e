import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import type { HttpTarget } from '../../src/domain/job.js';
import { secretsOf } from '../../src/domain/target-secrets.js';
import { dataSourceOptions } from '../../src/persistence/data-source.js';
import { Database } from '../../src/persistence/database.js';
import type { Sql, SqlValue, Statement } from '../../src/persistence/database.js';
import { sealPlaceOf } from '../../src/persistence/job-secrets.repository.js';
import { findKeyProblem } from '../../src/persistence/key-check.js';
import { rotateAll } from '../../src/persistence/rotate-keys.js';
import type { Rotated } from '../../src/persistence/rotate-keys.js';
import { encryptionKeys } from '../../src/platform/config/readers.js';
import { keyIdOf, KeyRing } from '../../src/platform/secrets/key-ring.js';
import { Api } from './api.js';

const key = (id: string, byte: number): string => `${id}:${Buffer.alloc(32, byte).toString('base64')}`;
const keysOf = (text: string) => encryptionKeys.read(text) ?? [];
const OLD = keysOf(key('old', 1));
const NEW = keysOf(`${key('new', 2)},${key('old', 1)}`);
const [oldRing, newRing, newAlone] = [new KeyRing(OLD), new KeyRing(NEW), new KeyRing(keysOf(key('new', 2)))];

let api: Api;
let database: Database;
let source: DataSource;

beforeAll(async () => {
  api = await Api.start({ encryptionKeys: OLD });
  const options = api.db.options as { connectionString: string };
  source = await new DataSource(
    dataSourceOptions({ url: options.connectionString, poolSize: 6, applicationName: 'test' }),
  ).initialize();
  database = new Database(source);
}, 60_000);
afterAll(async () => {
  await source?.destroy();
  await api?.stop();
});
beforeEach(async () => {
  await api.reset();
  await api.db.query('DELETE FROM signing_secrets');
});

const rotate = (sql: Sql = database, ring = newRing): Promise<Rotated> => rotateAll(sql, ring, () => undefined);
const header = (text: string) => ({ url: 'https://example.com/', headers: { key: { value: text, secret: true } } });

/** Jobs with a secret each, sealed with the old key: as many as it takes for several batches. */
async function fill(count: number): Promise<void> {
  const template = await api.create({ name: 'template', schedule: '@daily', target: header('text of template') });
  const [row] = await api.rows('SELECT target FROM jobs');
  const [secret] = secretsOf(row?.['target'] as HttpTarget);
  if (secret === undefined) throw new Error('no secret');
  const jobs = Array.from({ length: count }, (_, index) => ({ id: randomUUID(), name: `job-${index}` }));
  await api.db.query(
    `INSERT INTO jobs (id, project_id, name, description, labels, schedule, target, retry, overlap, misfire, created_at, updated_at)
     SELECT n.id, project_id, n.name, description, labels, schedule, target, retry, overlap, misfire, created_at, updated_at
     FROM jobs, unnest($1::uuid[], $2::text[]) AS n (id, name) WHERE jobs.id = $3`,
    [jobs.map(({ id }) => id), jobs.map(({ name }) => name), template.id],
  );
  await api.db.query(
    `INSERT INTO job_states (job_id, project_id, state, next_occurrence_at, next_run_at)
     SELECT n.id, project_id, state, next_occurrence_at, next_run_at FROM job_states, unnest($1::uuid[]) AS n (id) WHERE job_id = $2`,
    [jobs.map(({ id }) => id), template.id],
  );
  await api.db.query(`INSERT INTO job_secrets SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[])`, [
    jobs.map(({ id }) => id),
    jobs.map(() => secret.place),
    jobs.map(({ id, name }) => oldRing.seal(`text of ${name}`, sealPlaceOf(id, secret))),
  ]);
}

/** The secret of each job by its name, opened with the keys of one ring. */
async function texts(ring: KeyRing): Promise<Map<string, string>> {
  const rows = await api.rows('SELECT s.*, j.name, j.target FROM job_secrets s JOIN jobs j ON j.id = s.job_id');
  return new Map(
    rows.map((row) => {
      const { job_id: jobId, sealed, name } = row as Record<'job_id' | 'sealed' | 'name', string>;
      const [secret] = secretsOf(row['target'] as HttpTarget);
      if (secret === undefined) throw new Error('no secret');
      return [name, ring.open(sealed, sealPlaceOf(jobId, secret))];
    }),
  );
}

const keysInUse = async (): Promise<string[]> => {
  const rows = await api.rows('SELECT sealed FROM job_secrets UNION ALL SELECT sealed FROM signing_secrets');
  return [...new Set(rows.map(({ sealed }) => keyIdOf(sealed as string)))].sort();
};

test('every secret is sealed with the first key, and is the same', async () => {
  await fill(1_200);
  await api.call('POST', '/signing-secrets', {});
  const before = await texts(oldRing);
  expect(await rotate()).toEqual({ rotated: 1_202, unreadable: new Map() });
  expect(await keysInUse()).toEqual(['new']);
  expect(await texts(newAlone)).toEqual(before);
  expect(await rotate()).toEqual({ rotated: 0, unreadable: new Map() });
});

test('broken off anywhere it is taken up again', async () => {
  await fill(1_200);
  const before = await texts(oldRing);
  let left = 4;
  const dying: Sql = {
    rows: (statement: Statement, values?: readonly SqlValue[]) => database.rows(statement, values),
    count: (statement: Statement, values?: readonly SqlValue[]) =>
      (left -= 1) % 2 === 0 ? Promise.reject(new Error('killed')) : database.count(statement, values),
  };
  await expect(rotate(dying)).rejects.toThrow('killed');
  expect(await keysInUse()).toEqual(['new', 'old']);
  // What is half done can be read all the while.
  expect(await texts(newRing)).toEqual(before);
  await rotate();
  expect(await texts(newAlone)).toEqual(before);
});

test('two at once, beside edits: no secret is lost, and the last edit wins', async () => {
  await fill(1_200);
  const expected = await texts(oldRing);
  const edits = async (worker: number): Promise<void> => {
    for (let index = worker; index < 200; index += 4) {
      const name = `job-${index}`;
      const [text, url] = [`edited ${index}`, `https://example.com/${index}`];
      // With its mask the secret stays, whoever seals it anew meanwhile; given anew it is another.
      const target = index % 3 === 0 ? { ...header('********'), url } : header(text);
      const answer = await api.call('PUT', `/jobs/by-name/${name}`, { schedule: '@daily', target });
      expect(answer.status).toBe(200);
      if (index % 3 !== 0) expected.set(name, text);
    }
  };
  const [one, two] = await Promise.all([rotate(), rotate(), ...[0, 1, 2, 3].map(edits)]);
  expect(one.rotated + two.rotated).toBeGreaterThanOrEqual(1_201 - 134);
  expect(await texts(newRing)).toEqual(expected);
  // The service that edits still has the old key first: once more when it has the new one.
  await rotate();
  expect(await texts(newAlone)).toEqual(expected);
});

test('a row that someone is changing is waited for', async () => {
  await fill(3);
  const editor = await api.db.connect();
  await editor.query('BEGIN');
  const [held] = (await editor.query('SELECT job_id FROM job_secrets LIMIT 1 FOR UPDATE')).rows as { job_id: string }[];
  const rotation = rotate();
  const isDone = async (): Promise<boolean> =>
    (await api.rows(`SELECT 1 FROM job_secrets WHERE sealed LIKE 'old:%'`)).length === 1;
  while (!(await isDone())) await new Promise((resolve) => setImmediate(resolve));
  await editor.query('DELETE FROM job_secrets WHERE job_id = $1', [held?.job_id]);
  await editor.query('COMMIT');
  editor.release();
  expect((await rotation).rotated).toBe(3);
  expect(await keysInUse()).toEqual(['new']);
});

test('what can not be opened is told and left, and the rest is done', async () => {
  await fill(2);
  await api.db.query(
    `UPDATE job_secrets SET sealed = 'lost:AAAA' WHERE job_id = (SELECT id FROM jobs WHERE name = 'job-0')`,
  );
  const { rotated, unreadable } = await rotate();
  expect([rotated, [...unreadable.keys()]]).toEqual([2, ['lost']]);
  expect(unreadable.get('lost')).toBe('a secret is sealed with the key "lost", which ENCRYPTION_KEYS lacks here');
  expect(await keysInUse()).toEqual(['lost', 'new']);
});

describe('at the start', () => {
  test('a key that is in use and missing is named; so is one that is not what it was', async () => {
    expect(await findKeyProblem(new KeyRing([]), database)).toBeNull();
    await fill(1);
    expect(await findKeyProblem(oldRing, database)).toBeNull();
    expect(await findKeyProblem(newRing, database)).toBeNull();
    const missing = 'ENCRYPTION_KEYS lacks the key "old", with which secrets in the database are sealed: ';
    for (const ring of [newAlone, new KeyRing([])]) expect(await findKeyProblem(ring, database)).toContain(missing);
    const changed = await findKeyProblem(new KeyRing(keysOf(key('old', 9))), database);
    expect(changed).toContain('the key "old" of ENCRYPTION_KEYS is not the one of that name');
    expect(changed).not.toMatch(/CQkJ/);
  });

  test('a key of signing secrets too', async () => {
    await api.call('POST', '/signing-secrets', {});
    expect(await findKeyProblem(newAlone, database)).toContain('lacks the key "old"');
  });

  test('looks at one row of each key, however many there are', async () => {
    await fill(1_200);
    await rotate();
    const read: number[] = [];
    const counting: Sql = {
      rows: async (statement, values) => {
        const rows = await database.rows(statement, values);
        read.push(rows.length);
        return rows as never;
      },
      count: (statement, values) => database.count(statement, values),
    };
    expect(await findKeyProblem(newRing, counting)).toBeNull();
    expect(Math.max(...read)).toBe(1);
  });
});
