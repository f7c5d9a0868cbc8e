import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../support/project-root.js';

const FOLDER = join(PROJECT_ROOT, 'node_modules/.cache/faults');

/** As the rules in CONTRIBUTING.md ask: what is added may be missing or null, and what takes long locks nobody out. */
const MIGRATION = `
export class NextColumns9000000000000 {
  name = 'NextColumns9000000000000';

  async up(runner) {
    for (const table of ['jobs', 'job_states', 'runs']) {
      await runner.query('ALTER TABLE ' + table + ' ADD COLUMN next_version text');
    }
  }
}

export class NextIndex9000000000001 {
  name = 'NextIndex9000000000001';
  transaction = false;

  async up(runner) {
    await runner.query('SET lock_timeout = 0');
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS job_states_next_version_idx');
    await runner.query('CREATE INDEX CONCURRENTLY job_states_next_version_idx ON job_states (next_version, job_id)');
    await runner.query("SET lock_timeout = '2s'");
  }
}
`;

export interface Version {
  /** Its `main.js`. */
  readonly script: string;
  readonly number: string;
  dispose(): void;
}

/** The version after this one: the same code, another number, and a schema that has more in it. */
export function makeNextVersion(): Version {
  const present = process.env['FAULT_BUILD'] ?? PROJECT_ROOT;
  mkdirSync(FOLDER, { recursive: true });
  const folder = mkdtempSync(join(FOLDER, 'next-'));
  cpSync(join(present, 'dist'), join(folder, 'dist'), { recursive: true });
  writeFileSync(join(folder, 'dist/migrations/9000000000000-next.js'), MIGRATION);
  const number = '99.0.0';
  const manifest = JSON.parse(readFileSync(join(present, 'package.json'), 'utf8')) as object;
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...manifest, version: number }));
  return {
    script: join(folder, 'dist/main.js'),
    number,
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}
