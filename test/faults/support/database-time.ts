import type pg from 'pg';

const SAMPLES = 8;

/** An instant of the database's clock that is known to lie between the two, both included. */
export interface Bracket {
  readonly earliest: number;
  readonly latest: number;
}

/**
 * The database's clock as a reader of the monotonic clock sees it: promises are counted by it. What lies between asking and
 * answer is not known, so readings are brackets and nothing is called early that may have been in time.
 */
export class DatabaseTime {
  private constructor(
    private readonly leastOffset: number,
    private readonly greatestOffset: number,
  ) {}

  static async read(pool: Pick<pg.Pool, 'query'>): Promise<DatabaseTime> {
    let [least, greatest] = [-Infinity, Infinity];
    for (let taken = 0; taken < SAMPLES; taken += 1) {
      const sentMs = performance.now();
      const { rows } = await pool.query<{ at: number }>(
        'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at',
      );
      const at = rows[0]?.at ?? NaN;
      least = Math.max(least, at - performance.now());
      greatest = Math.min(greatest, at - sentMs);
    }
    return new DatabaseTime(least, greatest);
  }

  /** Of a moment on the monotonic clock (`performance.now()`). */
  at(monotonicMs: number): Bracket {
    return { earliest: monotonicMs + this.leastOffset, latest: monotonicMs + this.greatestOffset };
  }

  now(): Bracket {
    return this.at(performance.now());
  }
}
