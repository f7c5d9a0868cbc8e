import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/persistence/data-source.js';
import { createTestDatabase } from '../support/database.js';

// It stands here and not in test/architecture because it needs a Postgres.
describe('the migrations', () => {
  it('make what the entities describe: TypeORM would change nothing', async () => {
    const database = await createTestDatabase();
    const dataSource = await new DataSource(
      dataSourceOptions({ url: database.url, poolSize: 2, applicationName: 'drift' }),
    ).initialize();
    try {
      const drift = await dataSource.driver.createSchemaBuilder().log();
      expect(drift.upQueries.map(({ query }) => query)).toEqual([]);
    } finally {
      await dataSource.destroy();
      await database.drop();
    }
  });
});
