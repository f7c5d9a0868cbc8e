import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readSettings, SETTINGS } from '../../src/platform/config.js';
import { PROJECT_ROOT } from '../support/project-root.js';

interface Service {
  readonly build?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
}

const { services } = parse(readFileSync(join(PROJECT_ROOT, 'compose.yaml'), 'utf8'), { merge: true }) as {
  services: Readonly<Record<string, Service>>;
};
const own = Object.entries(services).filter(([, { build }]) => build !== undefined);
/** For what must be given. */
const GIVEN: Readonly<Record<string, string>> = {
  POSTGRES_PASSWORD: 'secret',
  ROOT_API_KEY: 'a-root-key-of-tests',
  ENCRYPTION_KEYS: `k1:${Buffer.alloc(32).toString('base64')}`,
};

describe('compose.yaml', () => {
  it.each(own)('gives %s settings that the service knows and takes', (name, { environment = {} }) => {
    expect(Object.keys(environment).filter((setting) => !(setting in SETTINGS))).toEqual([]);
    const filled = Object.fromEntries(Object.entries(environment).map(([setting, value]) => [setting, fill(value)]));
    // Of the image: it listens to all.
    const settings = readSettings({ HOST: '0.0.0.0', ...filled }, name !== 'migrations');
    expect(settings).toMatchObject({ migrateOnStart: false, role: name === 'migrations' ? 'all' : name });
  });

  it('starts each role, after migrations', () => {
    expect(own.map(([name]) => name).sort()).toEqual(['api', 'migrations', 'scheduler', 'worker']);
    expect(services['migrations']?.command?.slice(-2)).toEqual(['dist/main.js', 'migrate']);
  });

  it('mounts files that are there', () => {
    const mounted = Object.values(services).flatMap(({ volumes = [] }) =>
      volumes.map((one) => one.split(':')[0] ?? ''),
    );
    const files = mounted.filter((path) => path.startsWith('./')).map((path) => join(PROJECT_ROOT, path));
    const isExpected = (file: string): boolean =>
      !file.includes('/deploy/monitoring/') || existsSync(join(PROJECT_ROOT, 'deploy/monitoring'));
    expect(files.filter((file) => isExpected(file) && !existsSync(file))).toEqual([]);
  });
});

function fill(value: string): string {
  return value.replace(/\$\{(\w+)(?::[-?][^}]*)?\}/g, (_all, name: string) => GIVEN[name] ?? '');
}
