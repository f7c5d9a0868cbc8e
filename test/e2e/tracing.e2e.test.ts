import { startOtlpReceiver } from '../support/otlp-receiver.js';
import type { OtlpReceiver, ReceivedSpan } from '../support/otlp-receiver.js';
import { waitFor } from '../support/wait-for.js';
import { hasEnded } from './api-client.js';
import { Replicas } from './replicas.js';
import type { Replica } from './replicas.js';

jest.setTimeout(60_000);

const CALLER = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };
const YEARLY = { type: 'cron', expression: '0 0 1 1 *' };
const PLANTED = 'planted-secret-3f9a';

let collector: OtlpReceiver;
let replicas: Replicas;
let api: Replica;

/** Roles apart and over BullMQ: what joins the spans goes through the ledger. */
beforeAll(async () => {
  collector = await startOtlpReceiver();
  replicas = await Replicas.open({
    withRedis: true,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${PLANTED}`,
      OTEL_SERVICE_NAME: 'scheduler-under-test',
      ENCRYPTION_KEYS: `k:${Buffer.alloc(32, 5).toString('base64')}`,
    },
  });
  [api] = await Promise.all([replicas.start('api'), replicas.start('scheduler'), replicas.start('worker')]);
});

afterAll(async () => {
  await replicas?.close();
  await collector?.close();
});

const spansOf = (runId: string): ReceivedSpan[] =>
  collector.spans.filter(({ attributes }) => attributes['carillon.run.id'] === runId);

async function untilTraced(runId: string, names: readonly string[]): Promise<Map<string, ReceivedSpan>> {
  const spans = await waitFor(
    `the spans ${names.join(', ')} of the run`,
    () => spansOf(runId),
    (found) => names.every((name) => found.some((span) => span.name === name)),
    { timeoutMs: 15_000 },
  );
  return new Map(spans.map((span) => [span.name, span]));
}

async function createJob(name: string, more: object): Promise<string> {
  const target = {
    url: `${replicas.receiver.url}/${name}?key=${PLANTED}`,
    headers: { 'x-key': { secret: true, value: PLANTED } },
    body: PLANTED,
  };
  const job = { name, schedule: YEARLY, target, retry: { maxAttempts: 1 }, ...more };
  return (await api.api.must<{ id: string }>(201, 'POST', '/jobs', job)).id;
}

async function trigger(jobId: string, headers: Record<string, string>): Promise<string> {
  const response = await fetch(`${api.api.url}/jobs/${jobId}/trigger`, { method: 'POST', headers });
  expect(response.status).toBe(202);
  return ((await response.json()) as { id: string }).id;
}

/** What the target was told, and is told again by the span of that call. */
function traceparentAt(path: string): string {
  return String(replicas.receiver.requests.find((request) => request.path === path)?.headers['traceparent']);
}

test('a run that a request started goes on with the trace of its caller, to the target', async () => {
  const jobId = await createJob('triggered', {});
  const runId = await trigger(jobId, { traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-01` });
  const spans = await untilTraced(runId, ['queue', 'attempt', 'run']);
  const server = await waitFor('the span of the request', () =>
    collector.spans.find(({ traceId, kind }) => traceId === CALLER.traceId && kind === 2),
  );
  expect(server).toMatchObject({ name: 'POST /jobs/:id/trigger', parentSpanId: CALLER.spanId });
  expect(server?.attributes).toMatchObject({ 'http.response.status_code': 202, 'http.request.method': 'POST' });
  const run = spans.get('run')!;
  expect(run).toMatchObject({ traceId: CALLER.traceId, parentSpanId: server?.spanId, status: 0 });
  expect(run.attributes).toMatchObject({ 'carillon.run.state': 'succeeded', 'carillon.run.trigger': 'manual' });
  for (const name of ['queue', 'attempt']) {
    expect(spans.get(name)).toMatchObject({ traceId: CALLER.traceId, parentSpanId: run.spanId });
  }
  const attempt = spans.get('attempt')!;
  expect(attempt).toMatchObject({ kind: 3, service: 'scheduler-under-test' });
  expect(attempt.attributes).toMatchObject({ 'http.response.status_code': 200, 'server.address': '127.0.0.1' });
  expect(traceparentAt('/triggered')).toBe(`00-${CALLER.traceId}-${attempt.spanId}-01`);
  expect(attempt.startMs).toBeGreaterThanOrEqual(run.startMs);
  expect(attempt.endMs).toBeLessThanOrEqual(run.endMs + 2);
});

test('a fire of the schedule starts a trace, whose id is that of the run', async () => {
  replicas.receiver.answer('/fired', { status: 503 });
  const at = new Date(Date.now() + 1_500).toISOString();
  const jobId = await createJob('fired', { schedule: { type: 'once', at } });
  const { id: runId } = await waitFor(
    'its run',
    async () => {
      const { items } = await api.api.must<{ items: { id: string }[] }>(200, 'GET', `/jobs/${jobId}/runs`);
      return items[0] ?? Promise.reject(new Error('none yet'));
    },
    Boolean,
    { timeoutMs: 10_000 },
  );
  const spans = await untilTraced(runId, ['plan', 'queue', 'attempt', 'run']);
  const traceId = runId.replaceAll('-', '');
  const run = spans.get('run')!;
  expect(run).toMatchObject({ traceId, parentSpanId: '', status: 2 });
  expect(run.attributes).toMatchObject({ 'carillon.run.state': 'failed', 'error.type': 'attemptsExhausted' });
  for (const name of ['plan', 'queue', 'attempt']) {
    expect(spans.get(name)).toMatchObject({ traceId, parentSpanId: run.spanId });
  }
  expect(spans.get('attempt')).toMatchObject({ status: 2, attributes: { 'error.type': '503' } });
  expect(traceparentAt('/fired')).toBe(`00-${traceId}-${spans.get('attempt')?.spanId}-01`);
  const [batch] = spans.get('plan')!.links;
  expect(collector.spans.find(({ spanId }) => spanId === batch?.spanId)).toMatchObject({ name: 'plan batch' });
  expect(Math.abs(run.startMs - Date.parse(at))).toBeLessThanOrEqual(1);
});

test('what its caller does not keep is not kept here, and the target is told so', async () => {
  const jobId = await createJob('unsampled', {});
  const runId = await trigger(jobId, { traceparent: `00-${'a'.repeat(32)}-${CALLER.spanId}-00` });
  await waitFor('the run to end', () => api.api.must<{ state: string }>(200, 'GET', `/runs/${runId}`), hasEnded);
  expect(traceparentAt('/unsampled')).toMatch(new RegExp(`^00-${'a'.repeat(32)}-[0-9a-f]{16}-00$`));
  // One that is kept, begun after it, has arrived: so would the other have by now.
  await untilTraced(await trigger(await createJob('after', {}), {}), ['run']);
  expect(spansOf(runId)).toEqual([]);
  expect(collector.spans.filter(({ traceId }) => traceId === 'a'.repeat(32))).toEqual([]);
});

test('no span holds a secret, and probes leave none', async () => {
  await api.api.get('/health/ready');
  await untilTraced(await trigger(await createJob('last', {}), {}), ['run']);
  for (const body of collector.bodies) expect(body.includes(PLANTED)).toBe(false);
  expect(collector.spans.filter(({ name }) => /health|metrics/.test(name))).toEqual([]);
  // The collector is let in by its header, which is in no log either.
  expect(collector.headers[0]?.['authorization']).toBe(`Bearer ${PLANTED}`);
  expect(api.service.lines.filter((line) => line.includes(PLANTED))).toEqual([]);
});

test('a collector that is away is told of once, and nothing waits for it', async () => {
  const lonely = await replicas.start('api', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
  for (let n = 0; n < 5; n += 1) await lonely.api.must(200, 'GET', '/jobs');
  await waitFor(
    'a warning',
    () => lonely.service.lines.filter((line) => line.includes('spans are not taken')),
    (lines) => lines.length === 1,
    { timeoutMs: 30_000 },
  );
  const begunMs = performance.now();
  await lonely.service.stop();
  expect(performance.now() - begunMs).toBeLessThan(8_000);
});
