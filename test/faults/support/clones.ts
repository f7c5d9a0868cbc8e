import type { Rhythm } from './rhythm.js';
import type { JobSpec, Stage } from './stage.js';
import { WatchedJob } from './watched-job.js';

/**
 * Thousands of jobs at once, by SQL: one is created through the API and its rows are copied. With `dueAt` their next
 * occurrence is this instant, also one long past, as after an outage that long: all from it on is accounted for. Nobody is
 * told of them; a replica finds them when it starts, or when the job that they are copies of is due.
 */
export async function cloneJobs(stage: Stage, spec: JobSpec, count: number, dueAt: number): Promise<WatchedJob[]> {
  const { pool } = stage.cluster;
  const [original] = await stage.watch([spec]);
  if (original === undefined) throw new Error('there is nothing to copy');
  const { rows } = await pool.query<{ id: string; name: string }>(
    `WITH copied AS (
       INSERT INTO jobs (id, project_id, name, description, labels, schedule, target, retry, overlap, misfire, created_at, updated_at)
       SELECT gen_random_uuid(), project_id, name || '-' || n, description, labels, schedule, target, retry, overlap, misfire,
              created_at, updated_at
       FROM jobs, generate_series(1, $2) AS n WHERE id = $1
       RETURNING id, name
     ), placed AS (
       INSERT INTO job_states (job_id, project_id, state, next_occurrence_at, next_run_at)
       SELECT copied.id, project_id, state, $3, $3 FROM copied, job_states WHERE job_id = $1
     )
     SELECT id, name FROM copied`,
    [original.id, count, new Date(dueAt).toISOString()],
  );
  const begins = { earliest: dueAt - 1, latest: dueAt - 1 };
  const rhythm: Rhythm = remembered(spec.rhythm);
  const clones = rows.map(({ id, name }) => new WatchedJob(id, name, begins, rhythm, spec));
  stage.jobs.push(...clones);
  return clones;
}

/** All copies ask for the same stretch or nearly so: it is walked once a second of difference. */
function remembered(rhythm: Rhythm): Rhythm {
  const known = new Map<string, number[]>();
  return {
    schedule: rhythm.schedule,
    occurrences(from, to) {
      const [start, end] = [Math.floor(from / 1_000) * 1_000, Math.ceil(to / 1_000) * 1_000];
      const key = `${start} ${end}`;
      const walked = known.get(key) ?? rhythm.occurrences(start - 1, end);
      known.set(key, walked);
      return walked.filter((at) => at > from && at <= to);
    },
  };
}
