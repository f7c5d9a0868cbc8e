import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type pg from 'pg';
import { keptManifests, processesOf } from '../support/chart-manifests.js';
import type { RenderedProcess } from '../support/chart-manifests.js';
import { PROJECT_ROOT } from '../support/project-root.js';
import { ApiLoad } from './support/api-load.js';
import { readLedger } from './support/ledger.js';
import type { Rhythm } from './support/rhythm.js';
import { Rollout } from './support/rollout.js';
import { scenario } from './support/scenario.js';
import { amount } from './support/seed.js';

const FIRES_A_SECOND = 200;
/** Due instants are this far apart, so a hand-over is seen to within it. */
const SLOT_MS = 50;
const HAND_OVER_MS = 300;

const processes = processesOf(keptManifests('rolling-update'));
const pod = processOf('carillon');
const migration = processOf('migrate');
// Of a pod its own: the address and the port of its network namespace. Secrets are the cluster's here.
const { HOST: _host, PORT: _port, DATABASE_URL: _database, REDIS_URL: _redis, ...settings } = pod.env;

scenario(
  '12 rolling update of what the chart starts, under load',
  {
    replicas: pod.replicas,
    standby: pod.replicas * amount(1, 4),
    env: settings,
    flags: flagsOf(pod),
    prepare: async (pool) => migrate(pool),
  },
  async (stage) => {
    const { cluster, sink } = stage;
    const startAt = Math.floor(stage.now().earliest / 1_000) * 1_000 - 10_000;
    await stage.watch(
      Array.from({ length: FIRES_A_SECOND }, (_, n) => ({
        name: `second-${n}`,
        path: 'fires',
        rhythm: everySecondFrom(startAt + ((n * SLOT_MS) % 1_000)),
      })),
    );
    const generations = inGroups(cluster.replicas, pod.replicas);
    const [first = []] = generations;
    const rollout = new Rollout(stage, pod, first);
    const load = new ApiLoad(() => rollout.endpoints, sink.url('never'), 6, 3);
    await stage.pass(2_000);
    for (const [index, fresh] of generations.slice(1).entries()) await rollout.replace(generations[index] ?? [], fresh);
    await stage.pass(2_000);
    await load.stop();

    for (const failure of load.failed) stage.breach(`a request failed: ${failure}`);
    stage.note(
      `${load.sent} requests, ${load.failed.length} failed, the slowest after ${Math.round(load.slowestMs)} ms`,
    );
    const handOvers = handOversOf(await readLedger(cluster.pool));
    stage.note(`hand-overs: ${handOvers.map((ms) => `${Math.round(ms)} ms`).join(', ')}`);
    if (handOvers.length === 0) stage.breach('nobody took over');
    for (const ms of handOvers) if (ms >= HAND_OVER_MS) stage.breach(`a hand-over took ${Math.round(ms)} ms`);
    const calls = sink.deliveries();
    const runs = new Set(calls.map(({ runId }) => runId));
    if (runs.size < calls.length) stage.breach(`${calls.length - runs.size} calls were made twice`);
  },
);

/** Between the last run that one reign planned and the first of the next. */
function handOversOf(rows: readonly { readonly epoch: number | null; readonly createdAt: number }[]): number[] {
  const reigns = new Map<number, { first: number; last: number }>();
  for (const { epoch, createdAt } of rows) {
    if (epoch === null) continue;
    const reign = reigns.get(epoch) ?? { first: createdAt, last: createdAt };
    reigns.set(epoch, { first: Math.min(reign.first, createdAt), last: Math.max(reign.last, createdAt) });
  }
  const inOrder = [...reigns].sort(([a], [b]) => a - b).map(([, reign]) => reign);
  return inOrder.slice(1).map(({ first }, index) => first - (inOrder[index]?.last ?? first));
}

function everySecondFrom(startAt: number): Rhythm {
  return {
    schedule: { type: 'interval', every: 'PT1S', anchorAt: new Date(startAt).toISOString() },
    occurrences(from, to) {
      const found: number[] = [];
      for (let at = startAt + Math.floor((from - startAt) / 1_000 + 1) * 1_000; at <= to; at += 1_000) found.push(at);
      return found;
    },
  };
}

function processOf(container: string): RenderedProcess {
  const found = processes.find((process) => process.container === container);
  if (found === undefined) throw new Error(`the chart renders no ${container}`);
  return found;
}

/** `node FLAGS… dist/main.js COMMAND…` */
function flagsOf({ command }: RenderedProcess): string[] {
  return command.slice(1, command.indexOf('dist/main.js'));
}

/** By the command of the chart's init container. */
function migrate(pool: pg.Pool): void {
  const build = process.env['FAULT_BUILD'] ?? PROJECT_ROOT;
  const args = migration.command.slice(1).map((part) => (part === 'dist/main.js' ? join(build, part) : part));
  const env = { ...migration.env, DATABASE_URL: pool.options.connectionString ?? '', PATH: process.env['PATH'] ?? '' };
  const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the migration ended with ${status}: ${stderr}`);
}

function inGroups<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: items.length / size }, (_, group) => items.slice(group * size, (group + 1) * size));
}
