import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../config.js';
import type { Logger } from '../logging/logger.js';
import { access, persistence, welcome } from './banner.js';
import { provideDatabase } from './provide-database.js';
import type { CommandContext } from './run-command.js';
import { StartFailure } from './start-failure.js';

/** Beyond the time that calls and requests get: to write their ends and to close connections. */
const CLOSING_MS = 1_000;

/** Database, migrations, application, port: then it serves until a signal comes. */
export async function serve(context: CommandContext): Promise<void> {
  const { settings, logger, parts, shutdown } = context;
  const [config, schema, moduleFor, { createApp }, { serveDocs }, { Lifecycle }] = await Promise.all([
    provideDatabase(context),
    parts.loadSchema(),
    parts.loadApp(),
    import('../http/create-app.js'),
    import('../openapi/serve-docs.js'),
    import('../health/lifecycle.js'),
  ]);
  if (config.embedded || config.migrateOnStart) {
    await schema.migrate(config.databaseUrl, (line) => logger.info({ context: 'Migrations' }, line));
  } else refuseOldSchema(await schema.missingMigrations(config.databaseUrl));
  const app = await createApp(moduleFor(config), logger, config);
  const lifecycle = app.get(Lifecycle);
  shutdown.add({
    what: 'the service',
    patienceMs: config.shutdownDelayMs + config.shutdownTimeoutMs + CLOSING_MS,
    async stop(exitCode) {
      lifecycle.phase = 'stopping';
      lifecycle.failed = exitCode !== 0;
      lifecycle.finishByMs = performance.now() + config.shutdownDelayMs + config.shutdownTimeoutMs;
      // Load balancers look at readiness every so often; until they have seen it, requests still come.
      if (config.shutdownDelayMs > 0) await sleep(config.shutdownDelayMs);
      // A client that never ends its request, or never reads the answer, must not keep the rest from closing well.
      const patienceMs = lifecycle.finishByMs + CLOSING_MS / 2 - performance.now();
      setTimeout(() => app.getHttpServer().closeAllConnections(), patienceMs).unref();
      await app.close();
    },
  });
  serveDocs(app);
  if (config.role === 'all' || config.role === 'api') {
    const { serveDashboard } = await import('../http/serve-dashboard.js');
    await serveDashboard(app);
  }
  await app.init();
  // Past Nest's own listen, which logs a failure on top of throwing it: a port in use deserves one line.
  await app.getHttpAdapter().getInstance().listen({ port: config.port, host: config.host });
  if (shutdown.hasBegun) return;
  lifecycle.phase = 'started';
  announce(urlOf(config.host, app.getHttpServer().address() as AddressInfo), settings, logger);
}

/** A schema that is ahead is fine: that is how a new version is rolled out. */
function refuseOldSchema(missing: readonly string[]): void {
  if (missing.length === 0) return;
  throw new StartFailure(
    `the database of DATABASE_URL lacks the migration ${missing.join(', ')}: run \`npm run migrate\` first, or set MIGRATE_ON_START=on`,
  );
}

function announce(url: string, settings: Settings, logger: Logger): void {
  const ready = `listening on ${url}, ready ${Math.round(performance.now())} ms after its start`;
  // A person at a terminal or with the embedded Postgres gets the tour; a log collector gets lines of its format.
  if (settings.logFormat !== 'json' && (process.stdout.isTTY || settings.databaseUrl === null)) {
    logger.info(ready);
    process.stdout.write(welcome(url, settings));
  } else
    logger.info(
      {
        role: settings.role,
        docs: `${url}/docs`,
        openapi: `${url}/openapi.json`,
        about: [...persistence(settings), access(settings)],
      },
      ready,
    );
}

function urlOf(host: string, { port }: AddressInfo): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
