import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SETTINGS, readSettings } from '../../src/platform/config.js';
import { PROJECT_ROOT } from '../support/project-root.js';
import { keptManifests, processesOf } from '../support/chart-manifests.js';

/** Decided by the chart itself, or kept in secrets. */
const OF_THE_CHART = [
  ...['HOST', 'PORT', 'ROLE', 'MIGRATE_ON_START', 'LOG_FORMAT', 'SHUTDOWN_DELAY', 'SHUTDOWN_TIMEOUT'],
  ...['DATABASE_URL', 'REDIS_URL', 'ROOT_API_KEY', 'ENCRYPTION_KEYS'],
];
/** A pod has keys, and no Postgres of its own. */
const NOT_IN_A_POD = ['AUTH', 'DATA_DIR'];

const KEPT = ['production', 'evaluation', 'job-url', 'rolling-update'];

describe('charts/carillon', () => {
  it('renders what is kept in test/architecture/chart; `npm run check:chart -- --write` writes it anew', () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(PROJECT_ROOT, 'scripts/check-chart.mjs'), '--golden'],
      { encoding: 'utf8' },
    );
    expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' });
  });

  it('takes every setting of the service, and no other; `npm run check:chart -- --write` tells values.schema.json', () => {
    const file = join(PROJECT_ROOT, 'charts/carillon/values.schema.json');
    const { definitions } = JSON.parse(readFileSync(file, 'utf8')) as {
      definitions: { settings: { properties: object } };
    };
    const taken = Object.keys(definitions.settings.properties);
    expect([...taken, ...OF_THE_CHART, ...NOT_IN_A_POD].sort()).toEqual(Object.keys(SETTINGS).sort());
  });

  it.each(KEPT)('gives each process of %s settings that the service knows and takes, each once', (name) => {
    const processes = processesOf(keptManifests(name));
    expect(processes.length).toBeGreaterThan(0);
    for (const { container, env, names } of processes) {
      expect({ container, twice: names.filter((one, index) => names.indexOf(one) !== index) }).toEqual({
        container,
        twice: [],
      });
      expect({ container, unknown: names.filter((one) => !(one in SETTINGS)) }).toEqual({ container, unknown: [] });
      const settings = readSettings(env, container === 'carillon');
      expect(settings.databaseUrl).not.toBeNull();
      if (container === 'carillon') expect(settings).toMatchObject({ migrateOnStart: false, auth: 'keys' });
    }
  });

  it.each([
    ['deploy/monitoring/carillon.rules.yml', 'charts/carillon/files/carillon.rules.yml'],
    ['deploy/monitoring/carillon.dashboard.json', 'charts/carillon/files/carillon.dashboard.json'],
  ])('ships %s as it is', (original, copy) => {
    // Helm reads nothing outside of the chart, so it has copies.
    const file = join(PROJECT_ROOT, original);
    if (existsSync(file)) expect(readFileSync(join(PROJECT_ROOT, copy), 'utf8')).toBe(readFileSync(file, 'utf8'));
  });
});
