import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../support/project-root.js';

interface Locked {
  readonly resolved?: string;
  /** A package of this repository: "resolved" is its folder. */
  readonly link?: boolean;
  readonly optionalDependencies?: Record<string, string>;
}

const packages = Object.entries(
  (JSON.parse(readFileSync(join(PROJECT_ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> })
    .packages,
);

describe('package-lock.json', () => {
  it('names no registry: everyone installs from the one they use', () => {
    expect(
      packages.filter(([, { resolved, link }]) => resolved !== undefined && link !== true).map(([path]) => path),
    ).toEqual([]);
  });

  it('holds the packages of all platforms, or npm ci refuses it; `node scripts/complete-lock.mjs` adds them', () => {
    const names = new Set(packages.map(([path]) => path.split('node_modules/').at(-1)));
    const missing = packages.flatMap(([, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter((name) => !names.has(name)),
    );
    expect(missing).toEqual([]);
  });
});
