const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const STRIPS = 150;
const LANES = 100;

/** What is asked for, and what tells a whole answer from an empty one. */
export async function asksOf(pool) {
  // Runs are those of the first.
  const busy = await idsOf(pool, 'SELECT id FROM jobs ORDER BY id LIMIT $1');
  const quiet = await idsOf(pool, 'SELECT id FROM jobs ORDER BY id DESC LIMIT $1');
  const now = Date.now();
  const since = (ms, more = 0) => `from=${new Date(now - ms).toISOString()}&to=${new Date(now + more).toISOString()}`;
  const jobs = (ids, count) =>
    ids
      .slice(0, count)
      .map((id) => `jobId=${id}`)
      .join('&');
  const hasRuns = ({ totals }) => totals.runs > 0;
  const hasLanes = ({ lanes }) => lanes.length === LANES;
  const ranLanes = ({ lanes }) =>
    lanes.length === LANES && lanes.every(({ runs, bands }) => (runs ?? bands).length > 0);
  const asks = {
    'GET /statistics, an hour by minute': [`/statistics?${since(HOUR_MS)}`, hasRuns],
    'GET /statistics, a day': [`/statistics?${since(DAY_MS)}`, hasRuns],
    'GET /statistics, 28 days': [`/statistics?${since(28 * DAY_MS)}`, hasRuns],
    'GET /statistics, a day of a job': [`/statistics?${since(DAY_MS)}&jobId=${busy[0]}`, hasRuns],
    'GET /statistics, 28 days of a job': [`/statistics?${since(28 * DAY_MS)}&jobId=${busy[0]}`, hasRuns],
    'GET /forecast by minute': ['/forecast', ({ computedAt }) => computedAt !== null],
    'GET /forecast by hour': [
      `/forecast?resolution=PT1H&${since(0, 7 * DAY_MS)}`,
      ({ computedAt }) => computedAt !== null,
    ],
    'GET /timeline, 100 lanes by name, 2 hours': [`/timeline?limit=${LANES}`, hasLanes],
    'GET /timeline, 100 lanes by name, 30 days': [
      `/timeline?limit=${LANES}&${since(15 * DAY_MS, 15 * DAY_MS)}`,
      hasLanes,
    ],
    'GET /timeline, 100 busy lanes, a day': [`/timeline?${jobs(busy, LANES)}&${since(DAY_MS)}`, ranLanes],
    'GET /timeline, 100 busy lanes, 6 days': [`/timeline?${jobs(busy, LANES)}&${since(6 * DAY_MS)}`, ranLanes],
    'GET /timeline, 100 busy lanes, 28 days': [`/timeline?${jobs(busy, LANES)}&${since(28 * DAY_MS)}`, ranLanes],
    'GET /jobs/strips, 150 busy jobs': [
      `/jobs/strips?${jobs(busy, STRIPS)}`,
      ({ data }) => data.length === STRIPS && data.every(({ runs }) => runs.length === 50),
    ],
    'GET /jobs/strips, 150 jobs that never ran': [
      `/jobs/strips?${jobs(quiet, STRIPS)}`,
      ({ data }) => data.length === STRIPS,
    ],
    'GET /targets': ['/targets', ({ data }) => data.length > 0],
    'GET /attention': ['/attention', ({ sentence }) => sentence !== ''],
  };
  return Object.entries(asks).map(([name, [path, isRight]]) => ({ name, path, isRight }));
}

async function idsOf(pool, text) {
  const { rows } = await pool.query(text, [STRIPS]);
  return rows.map(({ id }) => id);
}
