// What the chart has from elsewhere in the project, for Helm reads nothing outside of a chart: the names of settings, the rules of
// alerts and the dashboard. Tests hold them against their originals.
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chart } from './golden.mjs';
import { root } from './tools.mjs';

/** Decided by the chart, kept in secrets, or without meaning in a pod: `settings` takes all others. */
const NOT_SETTINGS = [
  ...[
    'HOST',
    'PORT',
    'ROLE',
    'MIGRATE_ON_START',
    'LOG_FORMAT',
    'SHUTDOWN_DELAY',
    'SHUTDOWN_TIMEOUT',
    'AUTH',
    'DATA_DIR',
  ],
  ...['DATABASE_URL', 'REDIS_URL', 'ROOT_API_KEY', 'ENCRYPTION_KEYS'],
];

export function writeCopies() {
  const example = readFileSync(join(root, '.env.example'), 'utf8');
  const names = [...example.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
  const file = join(chart, 'values.schema.json');
  const schema = JSON.parse(readFileSync(file, 'utf8'));
  schema.definitions.settings.properties = Object.fromEntries(
    names.filter((name) => !NOT_SETTINGS.includes(name)).map((name) => [name, { type: ['string', 'integer'] }]),
  );
  writeFileSync(file, `${JSON.stringify(schema, null, 2)}\n`);
  for (const name of ['carillon.rules.yml', 'carillon.dashboard.json']) {
    const original = join(root, 'deploy/monitoring', name);
    if (existsSync(original)) copyFileSync(original, join(chart, 'files', name));
  }
}
