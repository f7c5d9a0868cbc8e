import { seedIdleJobs } from './jobs.mjs';

/** Of the keys of a project, in their order: one admin, six editors, three viewers. */
const ROLES = ['admin', ...Array(6).fill('editor'), ...Array(3).fill('viewer')];

/** Projects by SQL, each with ten keys and idle jobs whose target is `targetUrl`. */
export async function seedTenants(pool, count, targetUrl, { prefix = 'tenant', jobsEach = 10 } = {}) {
  const { newKeyText } = await import('../../dist/access/key-text.js');
  const { rows } = await pool.query(
    `INSERT INTO projects (id, name, created_at, updated_at)
     SELECT uuidv7(), $2 || '-' || n, now(), now() FROM generate_series(1, $1::int) AS n RETURNING id`,
    [count, prefix],
  );
  const tenants = rows.map(({ id }) => ({ id, targetUrl, keys: [], writers: [], jobIds: [] }));
  const keys = tenants.flatMap((tenant) => ROLES.map((role) => ({ tenant, role, ...newKeyText() })));
  await pool.query(
    `INSERT INTO api_keys (id, project_id, name, role, prefix, hash, created_at)
     SELECT uuidv7(), project_id, 'key', role, prefix, hash, now()
     FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS k (project_id, role, prefix, hash)`,
    [
      keys.map(({ tenant }) => tenant.id),
      keys.map(({ role }) => role),
      keys.map(({ prefix: shown }) => shown),
      keys.map(({ hash }) => hash),
    ],
  );
  for (const { tenant, role, text } of keys) {
    tenant.keys.push(text);
    if (role !== 'viewer') tenant.writers.push(text);
  }
  await seedIdleJobs(pool, count * jobsEach, targetUrl, { projectIds: tenants.map(({ id }) => id) });
  const byId = new Map(tenants.map((tenant) => [tenant.id, tenant]));
  const jobs = await pool.query('SELECT id, project_id FROM jobs WHERE project_id = ANY ($1)', [[...byId.keys()]]);
  for (const { id, project_id: projectId } of jobs.rows) byId.get(projectId).jobIds.push(id);
  return tenants;
}

/**
 * Holds the ledger against what was answered: each change made one version, what was created is there, what was deleted is
 * gone, and nothing else came or went. Answers how many jobs are not as answered.
 */
export async function notAsAnswered(pool, tenants, { changes, created, deleted }) {
  const gone = new Set(deleted);
  const expected = new Map(tenants.flatMap(({ jobIds }) => jobIds.map((id) => [id, 1 + (changes.get(id) ?? 0)])));
  for (const id of created) if (!gone.has(id)) expected.set(id, 1);
  const { rows } = await pool.query('SELECT job_id, version FROM job_states WHERE project_id = ANY ($1)', [
    tenants.map(({ id }) => id),
  ]);
  let wrong = 0;
  for (const { job_id: id, version } of rows) {
    if (expected.get(id) !== version) wrong += 1;
    expected.delete(id);
  }
  return wrong + expected.size;
}
