import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { newKeyText } from '../../src/access/key-text.js';
import type { AccessRole } from '../../src/domain/access.js';
import { PROJECT_ROOT } from '../support/project-root.js';
import { GuardedApi, inProject, ROOT } from './access-fixture.js';
import type { Json } from './api.js';

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly role: AccessRole | 'public';
  readonly body: unknown;
}

// A test of test/architecture keeps the document in step with the routes.
const operations = readOperations();
const guarded = operations.filter(({ role }) => role !== 'public');

interface Victim {
  readonly projectId: string;
  readonly jobId: string;
  readonly runId: string;
  readonly keyId: string;
  readonly secretId: string;
  readonly calendarId: string;
  readonly jobName: string;
}

const MARK = 'only-for-the-owner';
const ROLES = ['viewer', 'editor', 'admin'] as const;

/** Said once more, apart from the code: which roles may do what needs one. */
const WHO_MAY: Readonly<Record<AccessRole, readonly string[]>> = {
  viewer: ['viewer', 'editor', 'admin'],
  editor: ['editor', 'admin'],
  admin: ['admin'],
  root: [],
};

/** As the contract has it: a viewer reads, an editor writes jobs, an admin manages keys and secrets, the root key makes projects. */
function roleByContract({ method, path }: Operation): AccessRole | 'public' {
  if (/^\/(health\/|(metrics|sign-in)$)/.test(path)) return 'public';
  const isJobs = path.startsWith('/projects/{id}/jobs');
  if (/^\/projects\b/.test(path) && method !== 'get' && !isJobs) return 'root';
  if (/^\/(projects|api-keys|signing-secrets|audit-log)\b/.test(path) && !isJobs) return 'admin';
  return method === 'get' || ['/schedules/preview', '/schedules/simulate', '/jobs/{id}/audit'].includes(path)
    ? 'viewer'
    : 'editor';
}

let api: GuardedApi;
let victim: Victim;
/** Keys of another project than the victim's. */
const stranger: Record<string, string> = {};
const refused: Record<string, string | null> = { none: null, 'not a key': 'hunter2', unknown: newKeyText().text };

beforeAll(async () => {
  api = await GuardedApi.start();
  const projectId = await api.project('victim');
  const there = inProject('victim');
  const job = {
    name: 'nightly',
    description: MARK,
    labels: { mark: MARK },
    schedule: 'PT1H',
    target: { url: 'https://example.com/', auth: { type: 'bearer', token: MARK } },
  };
  const { id: jobId } = await api.must(201, ROOT, 'POST', '/jobs', job, there);
  const { id: runId } = await api.must(202, ROOT, 'POST', `/jobs/${jobId}/trigger`, { body: { mark: MARK } }, there);
  const { id: keyId } = await api.key('victim', 'admin', { name: MARK });
  const { id: secretId } = await api.must(201, ROOT, 'POST', '/signing-secrets', {}, there);
  const { id: calendarId } = await api.must(
    201,
    ROOT,
    'POST',
    '/calendars',
    { name: 'days', description: MARK },
    there,
  );
  victim = { projectId, jobId, runId, keyId, secretId, calendarId, jobName: 'nightly' };
  const strangers = await api.project('strangers');
  for (const role of ROLES) stranger[role] = (await api.key(strangers, role)).key;
  refused['expired'] = await api.expiredKey(strangers);
  refused['revoked'] = await api.revokedKey(strangers);
}, 60_000);

afterAll(() => api?.stop());

test('every operation needs the role that the contract has for it', () => {
  expect(guarded.length).toBeGreaterThan(25);
  expect(operations.map(({ method, path, role }) => [method, path, role])).toEqual(
    operations.map((operation) => [operation.method, operation.path, roleByContract(operation)]),
  );
});

describe.each(operations)('$method $path, for $role', ({ method, path, role, body }) => {
  const nowhere = () => fill(path, () => randomUUID(), `nobody-${randomUUID()}`);

  if (role === 'public') {
    it('asks for no key', async () => {
      // Nothing has begun to listen here, so that a probe may answer 503.
      expect([200, 503]).toContain((await api.call(null, method, path)).status);
    });
    return;
  }

  it.each(['none', 'not a key', 'unknown', 'expired', 'revoked'])('401 with the key: %s', async (kind) => {
    const { status, headers, body: answer } = await api.call(refused[kind] ?? null, method, nowhere(), body);
    expect(status).toBe(401);
    expect(headers).toMatchObject({
      'www-authenticate': 'Bearer',
      'content-type': expect.stringMatching(/^application\/problem\+json/),
    });
    expect(answer).toMatchObject({ status: 401, code: 'unauthenticated' });
    expect(JSON.stringify(answer)).not.toContain(refused[kind] ?? 'Bearer car_');
  });

  it.each(ROLES)('lets a %s in as far as the role goes', async (has) => {
    const { status, body: answer } = await api.call(stranger[has] ?? null, method, nowhere(), body);
    if (WHO_MAY[role].includes(has)) expect([401, 403, 500]).not.toContain(status);
    else expect([status, answer['code']]).toEqual([403, 'forbidden']);
  });

  it('lets the root key in', async () => {
    expect([401, 403, 500]).not.toContain((await api.call(ROOT, method, nowhere(), body)).status);
  });

  it.each(ROLES)('shows and changes nothing of another project, for a %s', async (has) => {
    const key = stranger[has] ?? null;
    const before = await everythingOf(victim.projectId);
    const url = fill(path, (kind) => idOf(kind), victim.jobName);
    const answer = await api.call(key, method, url, body);
    const text = JSON.stringify(answer.body);
    expect(text).not.toContain(MARK);
    if (path.includes('{id}')) {
      expect(answer.status).toBe(WHO_MAY[role].includes(has) ? 404 : 403);
      // And it is no different from an id that nobody has.
      const invented = randomUUID();
      const other = await api.call(
        key,
        method,
        fill(path, () => invented, ''),
        body,
      );
      expect(plain(other.body, invented)).toEqual(plain(answer.body, idOf(kindOf(path))));
    } else
      for (const id of [victim.jobId, victim.runId, victim.keyId, victim.secretId, victim.calendarId, victim.projectId])
        expect(text).not.toContain(id);
    expect(await everythingOf(victim.projectId)).toEqual(before);
  });

  it('is refused in another project by its header, whether there is one or not', async () => {
    for (const project of ['victim', victim.projectId, 'default', 'no-such-project', randomUUID()]) {
      const { status, body: answer } = await api.call(
        stranger['admin'] ?? null,
        method,
        nowhere(),
        body,
        inProject(project),
      );
      expect([status, answer['code']]).toEqual([403, 'forbidden']);
      expect(answer['detail']).toMatch(/^a key acts in its own project alone/);
    }
  });
});

test('what a stranger looked for is there, for its owner', async () => {
  const { key } = await api.key('victim', 'admin');
  for (const { method, path } of operations.filter(({ method, path }) => method === 'get' && path.includes('{id}'))) {
    const { status } = await api.call(
      key,
      method,
      fill(path, (kind) => idOf(kind), ''),
    );
    expect([path, status]).toEqual([path, 200]);
  }
});

test('another project is as far away by its name, and the own one is there by it', async () => {
  for (const [method, path, body] of [
    ['GET', 'jobs', undefined],
    ['PUT', 'jobs?prune=true', { jobs: [] }],
    ['POST', 'jobs/import?format=kubernetes', {}],
  ] as const) {
    const before = await everythingOf(victim.projectId);
    for (const name of ['victim', 'no-such-project', 'default']) {
      const answer = await api.call(stranger['admin'] ?? null, method, `/projects/${name}/${path}`, body);
      expect([name, answer.status, answer.body['detail']]).toEqual([name, 404, 'there is no such project']);
    }
    expect(await everythingOf(victim.projectId)).toEqual(before);
    expect((await api.call(stranger['admin'] ?? null, method, `/projects/strangers/${path}`, body)).status).toBe(200);
    // The root key acts in the project that the path names.
    if (method === 'GET')
      expect((await api.must(200, ROOT, method, `/projects/victim/${path}`))['jobs']).toHaveLength(1);
  }
});

test('filters and cursors of another project lead nowhere', async () => {
  const viewer = stranger['viewer'] ?? null;
  expect((await api.must(200, viewer, 'GET', `/runs?jobId=${victim.jobId}`))['data']).toEqual([]);
  expect((await api.must(200, viewer, 'GET', `/jobs?q=${MARK}`))['data']).toEqual([]);
  expect((await api.must(200, viewer, 'GET', `/jobs?label=mark:${MARK}`))['data']).toEqual([]);
  await api.must(
    201,
    ROOT,
    'POST',
    '/jobs',
    { name: 'second', schedule: 'PT1H', target: 'https://example.com/' },
    inProject('victim'),
  );
  for (const list of ['/jobs', '/api-keys']) {
    await api.key('victim', 'viewer');
    const { page } = await api.must(200, ROOT, 'GET', `${list}?limit=1`, undefined, inProject('victim'));
    expect(page.nextCursor).toEqual(expect.any(String));
    const answer = await api.call(stranger['admin'] ?? null, 'GET', `${list}?limit=1&cursor=${page.nextCursor}`);
    expect([answer.status, answer.body['code']]).toEqual([400, 'invalid_parameter']);
  }
});

type Kind = 'jobs' | 'runs' | 'api-keys' | 'signing-secrets' | 'projects' | 'calendars';

function idOf(kind: Kind): string {
  const { jobId, runId, keyId, secretId, projectId, calendarId } = victim;
  const ids = { jobs: jobId, runs: runId, 'api-keys': keyId, 'signing-secrets': secretId };
  return { ...ids, projects: projectId, calendars: calendarId }[kind];
}

function kindOf(path: string): Kind {
  return path.split('/')[1] as Kind;
}

function fill(path: string, id: (kind: Kind) => string, name: string): string {
  return path.replace('{id}', id(kindOf(path))).replace('{name}', name);
}

/** Without what differs between any two answers. */
function plain({ requestId: _, ...answer }: Json, id: string): string {
  return JSON.stringify(answer).replaceAll(id, 'ID');
}

/** But for the last use of keys: it is noted a while after the request. */
function everythingOf(projectId: string): Promise<Json[]> {
  return api.rows(
    `SELECT 'job' AS kind, to_jsonb(j) AS row FROM jobs j WHERE project_id = $1
     UNION ALL SELECT 'state', to_jsonb(s) FROM job_states s WHERE project_id = $1
     UNION ALL SELECT 'run', to_jsonb(r) FROM runs r WHERE project_id = $1
     UNION ALL SELECT 'secret', to_jsonb(s) FROM signing_secrets s WHERE project_id = $1
     UNION ALL SELECT 'job secret', to_jsonb(s) FROM job_secrets s JOIN jobs j ON j.id = s.job_id WHERE j.project_id = $1
     UNION ALL SELECT 'calendar', to_jsonb(c) FROM calendars c WHERE project_id = $1
     UNION ALL SELECT 'key', to_jsonb(k) - 'last_used_at' FROM api_keys k WHERE project_id = $1
     UNION ALL SELECT 'answer', to_jsonb(a) FROM kept_answers a WHERE project_id = $1
     UNION ALL SELECT 'project', to_jsonb(p) FROM projects p WHERE id = $1
     ORDER BY 1, 2`,
    [projectId],
  );
}

function readOperations(): Operation[] {
  const document = JSON.parse(readFileSync(join(PROJECT_ROOT, 'docs/openapi.json'), 'utf8')) as Json;
  const exampleOf = (operation: Json): unknown => {
    const [content] = Object.values((operation['requestBody']?.content ?? {}) as Record<string, Json>);
    const name =
      String(content?.['schema']?.$ref ?? '')
        .split('/')
        .at(-1) ?? '';
    return content === undefined ? undefined : (document['components'].schemas[name]?.example ?? {});
  };
  return Object.entries(document['paths'] as Record<string, Record<string, Json>>).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      ...{ method, path, body: exampleOf(operation) },
      role: operation['x-required-role'] as Operation['role'],
    })),
  );
}
