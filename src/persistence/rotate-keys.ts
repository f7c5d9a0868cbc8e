import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import type { KeyRing } from '../platform/secrets/key-ring.js';
import { UnreadableSecret } from '../platform/secrets/key-ring.js';
import { Database } from './database.js';
import type { Sql } from './database.js';
import { dataSourceOptions } from './data-source.js';
import { SEALED_COLUMNS } from './sealed-columns.js';
import type { SealedColumn, SealedRow } from './sealed-columns.js';

const BATCH = 500;
/** What someone was just changing is looked at again after this. */
const AGAIN_MS = 200;

export interface Rotated {
  readonly rotated: number;
  /** What could not be opened, with the reason of the first of each key; left as it was. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/**
 * Seals every secret anew that is not sealed with the first key, batch by batch, while the service runs. What is done stays
 * done, whenever it is broken off; any number may run at once. Throws without a key.
 */
export async function rotateKeys(url: string, ring: KeyRing, log: (line: string) => void): Promise<Rotated> {
  const settings = { url, poolSize: 2, applicationName: 'carillon-rotate-keys', queryTimeoutMs: 60_000 };
  const dataSource = await new DataSource(dataSourceOptions(settings)).initialize();
  try {
    return await rotateAll(new Database(dataSource), ring, log);
  } finally {
    await dataSource.destroy();
  }
}

/** The same on a database that is open. */
export async function rotateAll(sql: Sql, ring: KeyRing, log: (line: string) => void): Promise<Rotated> {
  const first = ring.sealsWith;
  if (first === null) throw new Error('there is no key to seal with');
  const unreadable = new Map<string, string>();
  let rotated = 0;
  // Until a whole pass finds nothing to do: replicas that have another key first may have sealed meanwhile.
  for (;;) {
    let found = 0;
    for (const column of SEALED_COLUMNS) {
      for (let keyId = await column.nextKey(sql, ''); keyId !== null; keyId = await column.nextKey(sql, keyId)) {
        if (keyId === first) continue;
        const pass = new Pass(sql, ring, column, keyId, unreadable);
        for (let done = await pass.batch(); done !== null; done = await pass.batch()) {
          rotated += done;
          log(`${rotated} secrets sealed anew, now in ${column.table}, from "${keyId}" to "${first}"`);
        }
        found += pass.found;
      }
    }
    if (found === 0) return { rotated, unreadable };
    await sleep(AGAIN_MS);
  }
}

/** One walk through what is sealed with one key. */
class Pass {
  /** Rows met that could be opened. */
  found = 0;
  private after: readonly string[];

  constructor(
    private readonly sql: Sql,
    private readonly ring: KeyRing,
    private readonly column: SealedColumn,
    private readonly keyId: string,
    private readonly unreadable: Map<string, string>,
  ) {
    this.after = column.start;
  }

  /** How many it sealed anew; null at the end. */
  async batch(): Promise<number | null> {
    const rows = await this.column.page(this.sql, this.keyId, this.after, BATCH);
    const last = rows.at(-1);
    if (last === undefined) return null;
    this.after = last.key;
    const swaps = rows.flatMap((row) => {
      const sealed = this.reseal(row);
      return sealed === null ? [] : [{ row, sealed }];
    });
    this.found += swaps.length;
    return swaps.length === 0 ? 0 : this.column.swap(this.sql, swaps);
  }

  private reseal({ place, sealed }: SealedRow): string | null {
    try {
      if (place === null) throw new UnreadableSecret(`a row of ${this.column.table} belongs to no secret of its job`);
      return this.ring.seal(this.ring.open(sealed, place), place);
    } catch (error) {
      if (!(error instanceof UnreadableSecret)) throw error;
      if (!this.unreadable.has(this.keyId)) this.unreadable.set(this.keyId, error.message);
      return null;
    }
  }
}
