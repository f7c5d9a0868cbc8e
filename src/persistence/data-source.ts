import type { DataSourceOptions } from 'typeorm';
import { ENTITIES } from './entities.js';

export interface DataSourceSettings {
  readonly url: string;
  readonly poolSize: number;
  readonly applicationName: string;
  /** After a silent loss of the network no answer ever comes: a statement is given up after this. Migrations may take longer. */
  readonly queryTimeoutMs?: number;
  /** False: statements go without the names by which a session remembers them; a pooler may hand each to another session. */
  readonly prepares?: boolean;
  /** Called with errors of idle connections; without a listener they would end the process. */
  readonly onPoolError?: (error: Error) => void;
}

/** TypeORM never changes the schema by itself: only the migrations do. */
export function dataSourceOptions(settings: DataSourceSettings): DataSourceOptions {
  return {
    type: 'postgres',
    url: settings.url,
    applicationName: settings.applicationName,
    entities: ENTITIES,
    migrationsTableName: 'migrations',
    synchronize: false,
    installExtensions: false,
    logging: false,
    connectTimeoutMS: 10_000,
    poolErrorHandler: (error: Error) => settings.onPoolError?.(error),
    extra: {
      max: settings.poolSize,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      idleTimeoutMillis: 60_000,
      query_timeout: settings.queryTimeoutMs,
      prepares: settings.prepares ?? true,
      // Statements of one transaction that don't wait for each other's answers go out together.
      pipeline: true,
    },
  };
}
