import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { Config } from '../platform/config.js';
import { StartFailure } from '../platform/process/start-failure.js';
import { KeyRing, UnreadableSecret } from '../platform/secrets/key-ring.js';
import { Database } from './database.js';
import type { Sql } from './database.js';
import { SEALED_COLUMNS } from './sealed-columns.js';

/** Looks at the start whether the keys of what is stored are there, and are the right ones, by a secret of each. */
@Injectable()
export class KeyCheck implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly ring: KeyRing,
    private readonly config: Config,
  ) {}

  async onModuleInit(): Promise<void> {
    // It neither takes secrets nor opens them.
    if (this.config.role === 'scheduler') return;
    const problem = await findKeyProblem(this.ring, this.database);
    if (problem !== null) throw new StartFailure(problem);
  }
}

/** What is wrong with the keys, in one line; null: every key in use is there and opens what it sealed. */
export async function findKeyProblem(ring: KeyRing, sql: Sql): Promise<string | null> {
  for (const column of SEALED_COLUMNS) {
    for (let keyId = await column.nextKey(sql, ''); keyId !== null; keyId = await column.nextKey(sql, keyId)) {
      if (!ring.has(keyId)) {
        return (
          `ENCRYPTION_KEYS lacks the key "${keyId}", with which secrets in the database are sealed: add it behind the first, ` +
          'and run `npm run rotate-keys` before you take it away'
        );
      }
      const [sample] = await column.page(sql, keyId, column.start, 1);
      if (sample === undefined || sample.place === null || opens(ring, sample.sealed, sample.place)) continue;
      return `the key "${keyId}" of ENCRYPTION_KEYS is not the one of that name with which secrets in the database are sealed: put that back`;
    }
  }
  return null;
}

function opens(ring: KeyRing, ...[sealed, place]: Parameters<KeyRing['open']>): boolean {
  try {
    ring.open(sealed, place);
    return true;
  } catch (error) {
    if (error instanceof UnreadableSecret) return false;
    throw error;
  }
}
