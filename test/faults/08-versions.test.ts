import { waitFor } from '../support/wait-for.js';
import { mixedJobs } from './support/mixed-jobs.js';
import type { Replica } from './support/replica.js';
import { scenario } from './support/scenario.js';
import { amount } from './support/seed.js';
import type { Stage } from './support/stage.js';
import { makeNextVersion } from './versions/next-version.js';

const ENV = { LEADER_TTL: '1s', LEASE: '3s' };
/** As long as a migration waits for a lock, and what a busy machine takes besides. */
const LATEST_PLAN_MS = 2_000 + 1_500;

const next = makeNextVersion();
afterAll(() => next.dispose());

scenario('8 two versions side by side, a migration under load, and back', { env: ENV }, async (stage) => {
  const { cluster, random } = stage;
  const [a, b, c] = cluster.replicas as [Replica, Replica, Replica];
  const presentScript = a.script;
  await stage.watch(mixedJobs(stage, 30));
  for (let round = 0; round < amount(1, 4); round += 1) {
    if (round > 0) await forgetMigration(stage);
    await stage.pass(random.between(500, 1_500));

    // Somebody reads the ledger at length, as a dump does: the migration can't have it yet.
    const reader = await cluster.pool.connect();
    try {
      await reader.query('BEGIN');
      await reader.query('SELECT count(*) FROM runs');
      for (const replica of [a, b]) await replica.stop();
      const started = Promise.all([a, b].map((replica) => startAs(replica, next.script)));
      await waitFor(
        'a migration to wait',
        () => waitingMigrations(stage),
        (count) => count > 0,
        { timeoutMs: 30_000 },
      );
      await stage.pass(random.between(5_000, amount(6_000, 20_000)));
      await reader.query('COMMIT');
      await started;
    } finally {
      reader.release();
    }
    await expectMigrated(stage);
    await leadInTurn(stage);

    // Back: the old version on the new schema, one by one, and all of them in the end.
    for (const replica of [a, b]) {
      await replica.stop();
      await startAs(replica, presentScript);
      await leadInTurn(stage);
    }
  }
  await expectPlansInTime(stage);
  stage.note(`${c.name} ran the old version all the time`);
});

async function waitingMigrations({ cluster }: Stage): Promise<number> {
  const { rows } = await cluster.pool.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'carillon-migrate' AND wait_event_type = 'Lock'`,
  );
  return rows[0]?.count ?? 0;
}

async function startAs(replica: Replica, script: string | undefined): Promise<void> {
  replica.script = script;
  await replica.start();
}

/** Whoever leads is killed, so that the other version plans, delivers and mends what it left. */
async function leadInTurn(stage: Stage): Promise<void> {
  const leader = await stage.cluster.leader();
  await leader.kill();
  await stage.pass(stage.random.between(500, 1_500));
  await leader.start();
}

async function expectMigrated({ cluster }: Stage): Promise<void> {
  const { rows } = await cluster.pool.query<{ valid: boolean }>(
    `SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass('job_states_next_version_idx')`,
  );
  if (rows[0]?.valid !== true) throw new Error('the next version runs, and its migration has not been made');
}

/** For the next round. */
async function forgetMigration({ cluster }: Stage): Promise<void> {
  for (const table of ['jobs', 'job_states', 'runs']) {
    await cluster.pool.query(
      `SET lock_timeout = '2s'; ALTER TABLE ${table} DROP COLUMN IF EXISTS next_version CASCADE`,
    );
  }
  await cluster.pool.query(`DELETE FROM migrations WHERE name LIKE 'Next%'`);
}

/** Deaths of leaders aside, nobody may wait longer for a plan than a migration may wait for a lock. */
async function expectPlansInTime(stage: Stage): Promise<void> {
  const { rows } = await stage.cluster.pool.query<{ ms: number }>(
    `SELECT (extract(epoch FROM max(created_at - due_at)) * 1000)::float8 AS ms FROM runs WHERE trigger IN ('schedule', 'misfire')`,
  );
  const ms = Math.round(rows[0]?.ms ?? 0);
  stage.note(`the latest plan came ${ms} ms after its time`);
  if (ms > LATEST_PLAN_MS) stage.breach(`an occurrence was planned ${ms} ms late`);
}
