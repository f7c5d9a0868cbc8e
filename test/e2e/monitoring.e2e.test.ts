import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { PROJECT_ROOT } from '../support/project-root.js';
import { startRedis } from '../support/redis-server.js';
import { waitFor } from '../support/wait-for.js';
import { metricOf, Replicas } from './replicas.js';
import type { Replica } from './replicas.js';

const read = (path: string): string => readFileSync(join(PROJECT_ROOT, path), 'utf8');

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

const rules = (parse(read('deploy/monitoring/carillon.rules.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);
const alerts = rules.flatMap(({ alert }) => alert ?? []);
const panels = (JSON.parse(read('deploy/monitoring/carillon.dashboard.json')) as { panels: Panel[] }).panels;
const operations = read('docs/operations.md');

/** Names in an expression, without the suffixes of a histogram's series. */
function metricsIn(expressions: readonly string[]): Set<string> {
  const names = expressions.flatMap((text) => text.match(/\b(carillon|process|nodejs)_[a-z0-9_]+/g) ?? []);
  return new Set(names.map((name) => name.replace(/_(bucket|count|sum)$/, '')));
}

let replicas: Replicas;
let service: Replica;
let shown: Set<string>;

beforeAll(async () => {
  replicas = await Replicas.open({ withRedis: true, env: { METRICS_BY_PROJECT: 'on', RATE_LIMIT: '1000/1m' } });
  service = await replicas.start('all');
  const text = await service.api.must<string>(200, 'GET', '/metrics');
  shown = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? ''));
}, 60_000);

afterAll(() => replicas?.close());

describe('what a service shows', () => {
  it('is what docs/operations.md lists, no more and no less', () => {
    const listed = [...operations.matchAll(/^\| `(carillon_\w+)`/gm)].map(([, name]) => name);
    const own = [...shown].filter((name) => name.startsWith('carillon_'));
    expect(listed.toSorted()).toEqual(own.toSorted());
  });

  it('has every metric that the rules, the dashboard and the documents name', () => {
    const named = metricsIn([
      ...rules.map(({ expr }) => expr),
      ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
      ...[operations, read('README.md'), read('docs/architecture.md')],
    ]);
    const claims = ['carillon_role', 'carillon_project']; // of tokens
    expect([...named].filter((name) => !shown.has(name) && !claims.includes(name))).toEqual([]);
  });

  it('and what is recorded by rules is recorded', () => {
    const recorded = new Set(rules.flatMap(({ record }) => record ?? []));
    const used = rules.flatMap(({ expr }) => expr.match(/carillon:\w+:\w+/g) ?? []);
    expect(used.filter((name) => !recorded.has(name))).toEqual([]);
  });

  it('follows jobs that run, and one that fails run after run', async () => {
    const { api } = service;
    const { receiver } = replicas;
    const target = (path: string): object => ({ url: `${receiver.url}${path}` });
    receiver.answer('/fails', { status: 500 });
    const yearly = { type: 'cron', expression: '0 0 1 1 *' };
    const jobs = await Promise.all(
      ['works', 'fails'].map((name) =>
        api.must<{ id: string }>(201, 'POST', '/jobs', {
          ...{ name, schedule: yearly, target: target(`/${name}`), retry: { maxAttempts: 1 } },
        }),
      ),
    );
    expect(await metricOf(service, 'carillon_failing_jobs')).toBe(0);
    for (let n = 1; n <= 3; n += 1) {
      for (const { id } of jobs) await api.must(202, 'POST', `/jobs/${id}/trigger`);
      await waitFor(
        'the runs to end',
        () => metricOf(service, 'carillon_runs_total'),
        (count) => count === 2 * n,
      );
    }
    const one = async (name: string): Promise<number> => metricOf(service, name);
    expect(await one('carillon_attempts_total{outcome="succeeded"}')).toBe(3);
    expect(await one('carillon_attempts_total{outcome="failed"}')).toBe(3);
    expect(await one('carillon_attempt_seconds_count')).toBe(6);
    expect(await one('carillon_lateness_seconds_count')).toBe(6);
    expect(await one('carillon_project_lateness_seconds_count')).toBe(6);
    expect(await one('carillon_leader')).toBe(1);
    for (const up of ['database_up', 'redis_up', 'redis_noeviction']) expect(await one(`carillon_${up}`)).toBe(1);
    expect(await one('carillon_partitions_ahead')).toBe(7);
    expect(await one('carillon_overdue_seconds')).toBe(0);
    await waitFor(
      'the failing job to be seen',
      () => one('carillon_failing_jobs'),
      (count) => count === 1,
      { timeoutMs: 15_000 },
    );
  }, 40_000);
});

describe('limits', () => {
  it('are counted when they refuse: a rate by its policy, a quota by its name', async () => {
    const api = await replicas.start('api', { RATE_LIMIT: '20/1m' });
    await api.api.must(200, 'PATCH', '/projects/00000000-0000-7000-8000-000000000001', { quotas: { jobs: 1 } });
    for (const name of ['one', 'two', 'three']) {
      await api.api.post('/jobs', { name, schedule: '@yearly', target: { url: replicas.receiver.url } });
    }
    // The two jobs of before are there already.
    expect(await metricOf(api, 'carillon_limits_hit_total{limit="jobs"}')).toBe(3);
    expect(await metricOf(api, 'carillon_limits_hit_total{limit="address"}')).toBe(0);
    while ((await api.api.get('/jobs')).status !== 429);
    expect(await metricOf(api, 'carillon_limits_hit_total{limit="address"}')).toBe(1);
    await replicas.stop(api);
  }, 30_000);
});

describe('a worker', () => {
  it('tells nothing of the ledger, which all who plan tell alike, and tells a Redis that evicts', async () => {
    const evicting = await startRedis('--maxmemory-policy', 'allkeys-lru');
    const worker = await replicas.start('worker', { REDIS_URL: evicting.url });
    const text = await worker.api.must<string>(200, 'GET', '/metrics');
    expect(text).toMatch(/^carillon_database_up 1$/m);
    expect(text).toMatch(/^carillon_redis_noeviction 0$/m);
    await evicting.stop();
    await waitFor(
      'Redis to be missed',
      () => metricOf(worker, 'carillon_redis_up'),
      (up) => up === 0,
      { timeoutMs: 15_000 },
    );
    await replicas.stop(worker);
    await evicting.dispose();
    expect(text).not.toMatch(/carillon_(queue_waiting|queue_oldest_seconds|overdue_seconds|partitions_ahead)/);
  }, 30_000);
});

describe('the alerts', () => {
  it('have a section each in docs/operations.md, and lead there', () => {
    const sections = [...operations.matchAll(/^### (Carillon\w+)$/gm)].map(([, name]) => name);
    expect(sections).toEqual(alerts);
    for (const { alert, annotations } of rules.filter((rule) => rule.alert !== undefined)) {
      expect(annotations).toMatchObject({ runbook_url: `docs/operations.md#${alert?.toLowerCase()}` });
    }
  });

  it('are each tried by promtool', () => {
    const tried = read('deploy/monitoring/carillon.rules.test.yml');
    expect(alerts.filter((name) => !tried.includes(`alertname: ${name}\n`))).toEqual([]);
  });
});

describe('the dashboard', () => {
  it('lays its panels side by side, each with a title, an id and something to ask', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { type, title, gridPos, targets = [] } of panels) {
      expect(title).not.toBe('');
      expect(targets.length > 0).toBe(type !== 'row');
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken).not.toContain(`${x} ${y}`);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });
});
