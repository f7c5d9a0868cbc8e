import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuditLogRepository } from '../../src/persistence/audit-log.repository.js';
import { PROJECT_ROOT } from '../support/project-root.js';
import { GuardedApi, inProject, ROOT } from './access-fixture.js';
import type { Json } from './api.js';

interface Entry {
  readonly id: string;
  readonly at: string;
  readonly action: string;
  readonly actor: { type: string; id: string | null; name: string | null; role: string | null };
  readonly address: string | null;
  readonly requestId: string | null;
  readonly thing: { type: string; id: string; name: string | null };
  readonly before: Json | null;
  readonly after: Json | null;
}

const SECRET = 'sup3r-s3cret-t0ken';

let api: GuardedApi;
let editor: { id: string; key: string };
let admin: { id: string; key: string };
let projectId: string;

beforeAll(async () => {
  api = await GuardedApi.start({ TRUST_PROXY: '127.0.0.1' });
  projectId = await api.project('billing');
  editor = await api.key('billing', 'editor', { name: 'deploys' });
  admin = await api.key('billing', 'admin', { name: 'the team' });
}, 60_000);

afterAll(() => api?.stop());

const jobOf = (name: string, more: Json = {}): Json => ({
  ...{ name, schedule: 'PT1H', target: { url: 'https://example.com/hook' } },
  ...more,
});

async function entries(query = ''): Promise<Entry[]> {
  const { data } = await api.must(200, admin.key, 'GET', `/audit-log?limit=200${query}`);
  return data as Entry[];
}

async function entriesOf(thingId: string): Promise<Entry[]> {
  return entries(`&thingId=${thingId}`);
}

const actionsOf = (listed: readonly Entry[]): string[] => listed.map(({ action }) => action);

test('says who did what to which job, when, from where, and what it was before', async () => {
  const headers = { 'x-request-id': 'deploy-4711', 'x-forwarded-for': '198.51.100.9, 203.0.113.7' };
  const before = Date.now();
  const { body: job } = await api.call(editor.key, 'POST', '/jobs', jobOf('nightly'), headers);
  const id = String(job['id']);
  await api.must(200, editor.key, 'PATCH', `/jobs/${id}`, { overlap: 'skip', description: 'for the books' });
  const [update, create, ...none] = await entriesOf(id);

  expect(none).toEqual([]);
  expect(create).toMatchObject({
    action: 'job.create',
    actor: { type: 'apiKey', id: editor.id, name: 'deploys', role: 'editor' },
    ...{ address: '203.0.113.7', requestId: 'deploy-4711' },
    thing: { type: 'job', id, name: 'nightly' },
    before: null,
    after: {
      name: 'nightly',
      overlap: 'allow',
      state: 'active',
      version: 1,
      target: { url: 'https://example.com/hook' },
    },
  });
  expect(Date.parse(create?.at ?? '')).toBeGreaterThanOrEqual(before - 1);
  expect(Date.parse(create?.at ?? '')).toBeLessThanOrEqual(Date.now());
  expect(update).toMatchObject({ action: 'job.update', address: '127.0.0.1' });
  expect(update?.before).toEqual({ description: '', overlap: 'allow', version: 1 });
  expect(update?.after).toEqual({ description: 'for the books', overlap: 'skip', version: 2 });
});

test('only a proxy that is trusted is asked where a request came from, and only an address is taken for one', async () => {
  const bare = await api.replica();
  const from = { 'x-forwarded-for': '203.0.113.7' };
  const addressOf = async (answer: Promise<Json>): Promise<unknown> =>
    (await entriesOf(String((await answer)['id'])))[0]?.address;
  expect(await addressOf(bare.must(201, editor.key, 'POST', '/jobs', jobOf('by-itself'), from))).toBe('127.0.0.1');
  await bare.stop();
  expect(await addressOf(api.must(201, editor.key, 'POST', '/jobs', jobOf('behind'), from))).toBe('203.0.113.7');
  const odd = { 'x-forwarded-for': "<script>'" };
  expect(await addressOf(api.must(201, editor.key, 'POST', '/jobs', jobOf('odd'), odd))).toBe('127.0.0.1');
});

test('what changed nothing, was refused or only tried leaves no entry', async () => {
  const { id } = await api.must(201, editor.key, 'POST', '/jobs', jobOf('unchanged'));
  await api.must(200, editor.key, 'PATCH', `/jobs/${String(id)}`, { overlap: 'allow' });
  await api.must(200, editor.key, 'POST', `/jobs/${String(id)}/resume`, {});
  await api.must(422, editor.key, 'PATCH', `/jobs/${String(id)}`, { overlap: 'never' });
  await api.must(412, editor.key, 'DELETE', `/jobs/${String(id)}`, undefined, { 'if-match': '"77"' });
  await api.must(200, editor.key, 'POST', '/jobs/bulk', { action: 'delete', ids: [id], dryRun: true });
  expect(actionsOf(await entriesOf(String(id)))).toEqual(['job.create']);
});

test('a request repeated under its idempotency key has one entry', async () => {
  const send = () => api.must(201, editor.key, 'POST', '/jobs', jobOf('once'), { 'idempotency-key': 'k-1' });
  const [first, second] = [await send(), await send()];
  expect(second['id']).toBe(first['id']);
  expect(actionsOf(await entriesOf(String(first['id'])))).toEqual(['job.create']);
});

test('secrets are masked, and which of them changed is said', async () => {
  const auth = { type: 'bearer', token: SECRET };
  const headers = { 'X-Api-Key': { value: `${SECRET}-2`, secret: true } };
  const target = { url: 'https://example.com/hook', auth, headers };
  const { id } = await api.must(201, editor.key, 'POST', '/jobs', jobOf('secret', { target }));
  await api.must(200, editor.key, 'PATCH', `/jobs/${String(id)}`, {
    target: { auth: { token: `${SECRET}-3` }, headers: { 'X-Api-Key': null } },
  });
  const [update, create] = await entriesOf(String(id));
  expect(create?.after).toMatchObject({ target: { auth: { token: '********' } } });
  expect(update?.after).toMatchObject({ secretsSet: ['auth.token'], secretsDropped: ['headers.x-api-key'] });
  const { rows } = await api.db.query<{ all: string }>(`SELECT string_agg(a::text, '') AS all FROM audit_log a`);
  expect(rows[0]?.all).not.toContain(SECRET);
});

/** Every way to write, and what the log is to say of it. A route that is missing here fails the test below. */
test('every operation that writes leaves its entry', async () => {
  const done = new Map<string, string[]>();
  let newest = (await entries())[0]?.id ?? '';
  const act = async (operation: string, key: string, status: number, url: string, body?: unknown): Promise<Json> => {
    const [method = '', path = ''] = operation.split(' ');
    expect(path.replaceAll(/\{\w+\}/g, '*')).toBe(shapeOf(url, path));
    const answer = await api.must(
      status,
      key,
      method.toUpperCase(),
      url,
      body,
      key === ROOT ? inProject('billing') : {},
    );
    const listed = await entries();
    const fresh = listed.slice(
      0,
      listed.findIndex(({ id }) => id === newest),
    );
    newest = listed[0]?.id ?? newest;
    done.set(operation, actionsOf(fresh));
    return answer;
  };
  const idOf = (answer: Json): string => String(answer['id']);

  const job = idOf(await act('post /jobs', editor.key, 201, '/jobs', jobOf('every')));
  await act('patch /jobs/{id}', editor.key, 200, `/jobs/${job}`, { overlap: 'queueAll' });
  await act('put /jobs/by-name/{name}', editor.key, 200, '/jobs/by-name/every', jobOf('every', { overlap: 'allow' }));
  await act('post /jobs/{id}/revert', editor.key, 200, `/jobs/${job}/revert`, { version: 2 });
  await act('post /jobs/{id}/pause', editor.key, 200, `/jobs/${job}/pause`, { note: 'holidays' });
  await act('post /jobs/{id}/resume', editor.key, 200, `/jobs/${job}/resume`, {});
  await act('post /jobs/{id}/skip-next', editor.key, 200, `/jobs/${job}/skip-next`, {});
  const run = idOf(await act('post /jobs/{id}/trigger', editor.key, 202, `/jobs/${job}/trigger`, {}));
  await act('post /runs/{id}/cancel', editor.key, 202, `/runs/${run}/cancel`, {});
  await act('post /runs/{id}/replay', editor.key, 202, `/runs/${run}/replay`, {});
  await act('post /runs/bulk', editor.key, 200, '/runs/bulk', { action: 'replay', ids: [run] });
  const hour = 3_600_000;
  const past = { from: new Date(Date.now() - 5 * hour).toISOString(), to: new Date(Date.now() - hour).toISOString() };
  const hourly = await api.must(200, editor.key, 'PATCH', `/jobs/${job}`, { schedule: '0 * * * *' });
  newest = (await entries())[0]?.id ?? '';
  const occurrence = `/jobs/${job}/occurrences/${String(hourly['nextRunAt'])}`;
  await act('put /jobs/{id}/occurrences/{scheduledFor}', editor.key, 200, occurrence, { action: 'skip' });
  await act('delete /jobs/{id}/occurrences/{scheduledFor}', editor.key, 204, occurrence);
  await act('post /jobs/{id}/backfill', editor.key, 202, `/jobs/${job}/backfill`, past);
  await act('post /jobs/bulk', editor.key, 200, '/jobs/bulk', { action: 'pause', ids: [job] });
  await act('put /projects/{id}/jobs', editor.key, 200, `/projects/${projectId}/jobs`, { jobs: [jobOf('set')] });
  await act('delete /jobs/{id}', editor.key, 204, `/jobs/${job}`);
  const days = { name: 'days', dates: ['2030-12-25'] };
  const calendar = idOf(await act('post /calendars', editor.key, 201, '/calendars', days));
  await act('patch /calendars/{id}', editor.key, 200, `/calendars/${calendar}`, { dates: [] });
  await act('put /calendars/{id}', editor.key, 200, `/calendars/${calendar}`, days);
  await act('delete /calendars/{id}', editor.key, 204, `/calendars/${calendar}`);
  const key = idOf(await act('post /api-keys', admin.key, 201, '/api-keys', { name: 'k', role: 'viewer' }));
  const newKey = idOf(await act('post /api-keys/{id}/rotate', admin.key, 201, `/api-keys/${key}/rotate`, {}));
  await act('delete /api-keys/{id}', admin.key, 204, `/api-keys/${newKey}`);
  const secret = idOf(await act('post /signing-secrets', admin.key, 201, '/signing-secrets', {}));
  const next = idOf(
    await act('post /signing-secrets/{id}/rotate', admin.key, 201, `/signing-secrets/${secret}/rotate`, {}),
  );
  await act('delete /signing-secrets/{id}', admin.key, 204, `/signing-secrets/${next}`);
  await act('patch /projects/{id}', ROOT, 200, `/projects/${projectId}`, { quotas: { jobs: 500 } });

  expect(Object.fromEntries(done)).toEqual({
    'post /jobs': ['job.create'],
    'patch /jobs/{id}': ['job.update'],
    'put /jobs/by-name/{name}': ['job.update'],
    'post /jobs/{id}/revert': ['job.revert'],
    'post /jobs/{id}/pause': ['job.pause'],
    'post /jobs/{id}/resume': ['job.resume'],
    'post /jobs/{id}/skip-next': ['job.skipNext'],
    'post /jobs/{id}/trigger': ['job.trigger'],
    'post /runs/{id}/cancel': ['run.cancel'],
    'post /runs/{id}/replay': ['run.replay'],
    'post /runs/bulk': ['run.replay'],
    'put /jobs/{id}/occurrences/{scheduledFor}': ['job.editOccurrence'],
    'delete /jobs/{id}/occurrences/{scheduledFor}': ['job.restoreOccurrence'],
    'post /jobs/{id}/backfill': ['job.backfill'],
    'post /jobs/bulk': ['job.pause'],
    'put /projects/{id}/jobs': ['job.create'],
    'delete /jobs/{id}': ['job.delete'],
    'post /calendars': ['calendar.create'],
    'patch /calendars/{id}': ['calendar.update'],
    'put /calendars/{id}': ['calendar.update'],
    'delete /calendars/{id}': ['calendar.delete'],
    'post /api-keys': ['apiKey.create'],
    'post /api-keys/{id}/rotate': ['apiKey.rotate', 'apiKey.create'],
    'delete /api-keys/{id}': ['apiKey.revoke'],
    'post /signing-secrets': ['signingSecret.create'],
    'post /signing-secrets/{id}/rotate': ['signingSecret.rotate', 'signingSecret.create'],
    'delete /signing-secrets/{id}': ['signingSecret.revoke'],
    'patch /projects/{id}': ['project.update'],
  });
  // The first two are tried below, an imported calendar beside its import, tests of targets beside those; the others write nothing.
  const elsewhere = [
    'post /projects',
    'post /projects/{id}/jobs/import',
    'post /calendars/{id}/import',
    'post /targets/test',
    'post /schedules/preview',
    'post /schedules/simulate',
    'post /jobs/{id}/audit',
  ];
  expect([...done.keys(), ...elsewhere].sort()).toEqual(writingOperations());
});

test('what the root key did is said so, with the project that it made', async () => {
  const id = await api.project('made');
  const { data } = await api.must(200, ROOT, 'GET', '/audit-log', undefined, inProject('made'));
  expect(data).toMatchObject([
    {
      action: 'project.create',
      actor: { type: 'rootKey', id: null, name: null, role: 'root' },
      thing: { type: 'project', id, name: 'made' },
    },
  ]);
});

test('imported jobs are entered one by one', async () => {
  const target = encodeURIComponent('https://example.com/{{name}}');
  const { statusCode } = await api.app.inject({
    method: 'POST',
    url: `/projects/${projectId}/jobs/import?target=${target}`,
    headers: { authorization: `Bearer ${editor.key}`, 'content-type': 'text/plain' },
    payload: '0 1 * * * /bin/tidy\n0 2 * * * /bin/sweep\n',
  });
  expect(statusCode).toBe(200);
  const [one, other] = await entries();
  expect([one, other].map((entry) => [entry?.action, entry?.thing.name, entry?.requestId]).sort()).toEqual([
    ['job.create', 'bin-sweep', one?.requestId],
    ['job.create', 'bin-tidy', one?.requestId],
  ]);
});

test('a project sees its own entries alone', async () => {
  const other = await api.key(await api.project('other'), 'admin');
  const { data } = await api.must(200, other.key, 'GET', '/audit-log?limit=200');
  expect((data as Entry[]).map(({ action }) => action)).toEqual(['apiKey.create', 'project.create']);
  const filtered = await api.must(200, other.key, 'GET', `/audit-log?actorId=${editor.id}`);
  expect(filtered['data']).toEqual([]);
});

test('is read by pages, by key and by time, newest first', async () => {
  const all = await entries();
  expect(all.length).toBeGreaterThan(20);
  expect(all.map(({ id }) => id)).toEqual(
    all
      .map(({ id }) => id)
      .sort()
      .reverse(),
  );
  const paged: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: Json = await api.must(
      200,
      admin.key,
      'GET',
      `/audit-log?limit=7${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    paged.push(...(page['data'] as Entry[]).map(({ id }) => id));
    cursor = (page['page'] as { nextCursor: string | null }).nextCursor;
  }
  expect(paged).toEqual(all.map(({ id }) => id));

  const byAdmin = await entries(`&actorId=${admin.id}`);
  expect(byAdmin).toEqual(all.filter(({ actor }) => actor.id === admin.id));
  expect(byAdmin.length).toBeGreaterThan(3);
  const [from, to] = [all[12]?.at ?? '', all[4]?.at ?? ''];
  const between = await entries(`&from=${from}&to=${to}`);
  expect(between).toEqual(all.filter(({ at }) => at >= from && at <= to));
});

test('an entry and its change stand or fall together', async () => {
  const { id } = await api.must(201, editor.key, 'POST', '/jobs', jobOf('together'));
  await api.db.query(`ALTER TABLE audit_log ADD CONSTRAINT refused CHECK (action <> 'job.pause') NOT VALID`);
  try {
    const { status } = await api.call(editor.key, 'POST', `/jobs/${String(id)}/pause`, {});
    expect(status).toBe(500);
  } finally {
    await api.db.query(`ALTER TABLE audit_log DROP CONSTRAINT refused`);
  }
  expect(await api.must(200, editor.key, 'GET', `/jobs/${String(id)}`)).toMatchObject({ state: 'active', version: 1 });
});

test('entries go when the retention has passed, the oldest first and in steps', async () => {
  const repository = api.app.get(AuditLogRepository);
  const listed = await entries();
  const cut = Date.parse(listed[10]?.at ?? '');
  const older = listed.filter(({ at }) => Date.parse(at) < cut);
  const others = await api.db.query(`SELECT 1 FROM audit_log WHERE at < $1 AND project_id <> $2`, [
    new Date(cut),
    projectId,
  ]);
  expect(await repository.trim(cut, 3)).toBe(3);
  expect(await repository.trim(cut, 1_000)).toBe(older.length + (others.rowCount ?? 0) - 3);
  expect((await entries()).map(({ id }) => id)).toEqual(
    listed.filter((entry) => !older.includes(entry)).map(({ id }) => id),
  );
});

/** The path with a star for each parameter, as `url` fills it. */
function shapeOf(url: string, path: string): string {
  const given = url.split('?')[0]?.split('/') ?? [];
  return path
    .split('/')
    .map((part, index) => (part.startsWith('{') ? '*' : given[index]))
    .join('/');
}

function writingOperations(): string[] {
  const { paths } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'docs/openapi.json'), 'utf8')) as {
    paths: Record<string, Record<string, unknown>>;
  };
  return Object.entries(paths)
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))
    .filter((operation) => /^(post|put|patch|delete) /.test(operation))
    .sort();
}
