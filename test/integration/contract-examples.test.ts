import { randomUUID } from 'node:crypto';
import { HttpTarget } from '../../src/execution/targets/http-target.js';
import { Clock } from '../../src/platform/clock.js';
import { readContract, type Operation } from '../support/contract.js';
import { exampleRequests } from '../support/contract-examples.js';
import { GuardedApi, ROOT } from './access-fixture.js';

/** Examples name instants: those that have to lie ahead do so, whenever this runs. */
const NOW = Date.parse('2026-03-02T08:00:00.000Z');

const contract = readContract();
const cases = contract.operations.flatMap((operation) =>
  exampleRequests(operation, contract).map((request) => ({
    id: operation.id,
    title: request.title,
    operation,
    request,
  })),
);

let api: GuardedApi;

beforeAll(async () => {
  api = await GuardedApi.start();
  jest.spyOn(api.app.get(Clock), 'now').mockReturnValue(NOW);
  jest
    .spyOn(HttpTarget.prototype, 'ask')
    .mockResolvedValue({ kind: 'unreachable', code: 'connection_refused', message: 'nobody is called here' });
}, 60_000);

afterAll(() => api?.stop());
beforeEach(() => api.rows(`DELETE FROM projects WHERE name = 'billing'`));

/** Things that are in the state in which an operation is possible. */
async function idFor({ id, path }: Operation): Promise<string> {
  if (path.startsWith('/projects')) return await api.project(`project-${randomUUID().slice(0, 8)}`);
  if (path.startsWith('/api-keys')) return (await api.key('default', 'editor')).id;
  if (path.startsWith('/calendars')) {
    return (await api.must(201, ROOT, 'POST', '/calendars', { name: randomUUID() }))['id'] as string;
  }
  if (path.startsWith('/signing-secrets/')) {
    return (await api.must(201, ROOT, 'POST', '/signing-secrets', {}))['id'] as string;
  }
  const job = { name: randomUUID(), schedule: '0 9 * * *', target: 'https://example.com/', overlap: 'queueAll' };
  const { id: jobId } = await api.must(201, ROOT, 'POST', '/jobs', job);
  if (!path.startsWith('/runs')) return jobId as string;
  const { id: runId } = await api.must(202, ROOT, 'POST', `/jobs/${jobId}/trigger`);
  if (id === 'replayRun') await api.must(202, ROOT, 'POST', `/runs/${runId}/cancel`);
  return runId as string;
}

test('there are examples of every operation, of every member that has one', () => {
  expect(new Set(cases.map(({ id }) => id)).size).toBe(contract.operations.length);
  const titlesOf = (id: string) => cases.filter((entry) => entry.id === id).map(({ title }) => title);
  expect(titlesOf('listJobs')).toEqual(expect.arrayContaining(['as it is', 'q: report', 'label: team:billing']));
  expect(titlesOf('createJob').join('\n')).toMatch(/labels: .*team/);
});

// The client of these tests holds every answer against its schema, its status and its headers.
test.each(cases)('$id, $title', async ({ operation, request }) => {
  await api.rows('DELETE FROM jobs');
  await api.rows('DELETE FROM calendars');
  await api.rows('DELETE FROM signing_secrets');
  await api.rows('DELETE FROM kept_answers');
  const filled = operation.path.replace('{id}', await idFor(operation)).replace('{name}', 'nightly-report');
  const query = new URLSearchParams(request.query).toString();
  const { status, body } = await api.call(
    ROOT,
    operation.method,
    query === '' ? filled : `${filled}?${query}`,
    request.body,
    { ...request.headers, ...(request.contentType !== null && { 'content-type': request.contentType }) },
  );
  // Nothing has begun to listen here, so that a probe may answer 503.
  const isProbe = operation.path.startsWith('/health/');
  expect({ taken: status < 300 || (isProbe && status === 503), body }).toEqual({ taken: true, body });
});
