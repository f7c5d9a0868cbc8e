import type pg from 'pg';

/**
 * Puts functions of the same names before Postgres's own clock, with a shift that can be set at any time: whoever asks the
 * database for the time by SQL, the service as well as the suite, gets the shifted one. For sessions that begin later, and
 * for the pool when it has one connection at most.
 */
export async function makeDatabaseClockSettable(pool: pg.Pool, shiftMs = 0): Promise<void> {
  if (pool.totalCount > 1) throw new Error('other connections of this pool would keep the right clock');
  const shifted = (name: string): string =>
    `SELECT pg_catalog.${name}() + make_interval(secs => (SELECT ms FROM test_clock.shift) / 1000)`;
  // Tables go into the first schema of the path: that must still be `public`.
  await pool.query(`
    CREATE SCHEMA test_clock;
    CREATE TABLE test_clock.shift (ms float8 NOT NULL);
    INSERT INTO test_clock.shift VALUES (0);
    CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$ ${shifted('clock_timestamp')} $$;
    CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql STABLE AS $$ ${shifted('now')} $$;
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path TO public, pg_catalog', current_database()); END $$;
    SET search_path TO public, pg_catalog;`);
  await shiftDatabaseClock(pool, shiftMs);
}

/** From the right time, in milliseconds. */
export async function shiftDatabaseClock(pool: pg.Pool, shiftMs: number): Promise<void> {
  await pool.query('UPDATE test_clock.shift SET ms = $1', [shiftMs]);
}
