import { instantOfId } from '../../../src/domain/audit.js';
import type { AuditNote } from '../../../src/domain/audit.js';
import { AuditLogRepository } from '../../../src/persistence/audit-log.repository.js';
import type { Database, Sql, SqlValue } from '../../../src/persistence/database.js';
import { Clock } from '../../../src/platform/clock.js';
import type { Config } from '../../../src/platform/config.js';

/** Each reading is a millisecond later than the one before. */
class RunningClock extends Clock {
  readonly offsetMs = 0;
  private at = Date.parse('2026-11-29T16:19:09.495Z');

  now(): number {
    this.at += 1;
    return this.at;
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  agrees(): boolean {
    return true;
  }
}

test('entries of one change are of one instant, by their ids too, however long it takes to number them', async () => {
  const written: SqlValue[][] = [];
  const sql: Sql = {
    rows: (_, values = []) => {
      written.push([...values]);
      return Promise.resolve([]);
    },
    count: () => Promise.resolve(0),
  };
  const repository = new AuditLogRepository({} as Database, new RunningClock(), { auth: 'open' } as Config);
  const note: AuditNote = {
    projectId: '01a2281a-5e36-78ef-9e1f-d846c8541eef',
    ...{ action: 'signingSecret.create', thingId: '01a2281a-5e36-78ef-9e1f-d846c8541ef0' },
    ...{ thingName: null, before: null, after: null },
  };
  await repository.insert([note, note, note], sql);

  const [at, , , , , , rows] = written[0] ?? [];
  const ids = (JSON.parse(String(rows)) as { id: string }[]).map(({ id }) => id);
  expect(new Set(ids).size).toBe(3);
  expect([...ids].sort()).toEqual(ids);
  expect(ids.map(instantOfId)).toEqual(ids.map(() => Date.parse(String(at))));
});
