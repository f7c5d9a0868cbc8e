import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../support/project-root.js';
import { importViolations } from './layers.js';
import { analyse, findCycles, readSources } from './source-tree.js';

const sources = readSources('src');

describe('the source tree', () => {
  it('keeps to the layers: features → infrastructure → platform → domain', () => {
    expect(importViolations(sources)).toEqual([]);
  });

  it('has no cycles', () => {
    expect(findCycles(sources)).toEqual([]);
  });

  it('reads settings in platform/config.ts only; others hand on to children where programs lie', () => {
    const readers = sources.flatMap((source) =>
      source.environment
        .filter((name) => !['PATH', 'LD_LIBRARY_PATH'].includes(name))
        .map((name) => `${source.path}: ${name}`),
    );
    expect(readers).toEqual(['src/platform/config.ts: *']);
  });

  it('has no barrels', () => {
    const reExports = sources.filter((source) => source.imports.some((entry) => entry.reExport));
    const indexes = sources.filter((source) => /\/index\.ts$/.test(source.path));
    expect([...reExports, ...indexes].map((source) => source.path)).toEqual([]);
  });

  it('imports nothing of src in migrations: they must run the same whatever the code becomes', () => {
    const local = readSources('migrations').flatMap((source) =>
      source.imports.filter((entry) => entry.file !== null).map((entry) => `${source.path} imports ${entry.file}`),
    );
    expect(local).toEqual([]);
  });

  it('has no folder that says nothing', () => {
    const folders = ['src', 'test', 'bench'].flatMap((folder) =>
      readdirSync(join(PROJECT_ROOT, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isDirectory() && /^(utils?|common|shared|helpers?|misc|lib)$/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name)),
    );
    expect(folders).toEqual([]);
  });
});

describe('the rules themselves', () => {
  const violation = (path: string, code: string) => importViolations([analyse(path, code)]);

  it.each([
    ['domain and Node', 'src/domain/run.ts', "import { hostname } from 'node:os';"],
    ['domain and Nest', 'src/domain/run.ts', "import { Injectable } from '@nestjs/common';"],
    ['domain and platform, even for a type', 'src/domain/run.ts', "import type { Clock } from '../platform/clock.js';"],
    ['platform and persistence', 'src/platform/clock.ts', "import { Database } from '../persistence/database.js';"],
    ['platform and a feature, when needed', 'src/platform/clock.ts', "await import('../jobs/jobs.service.js');"],
    ['one feature and another', 'src/jobs/jobs.service.ts', "import { Planner } from '../scheduling/planner.js';"],
    ['bullmq outside the queue', 'src/execution/executor.ts', "import { Worker } from 'bullmq';"],
    ['test code', 'src/jobs/jobs.service.ts', "import { waitFor } from '../../test/support/wait-for.js';"],
  ])('see %s', (_, path, code) => {
    expect(violation(path, code)).toHaveLength(1);
  });

  it.each([
    ['a feature its own files', 'src/jobs/jobs.service.ts', "import { JobView } from './job-view.js';"],
    [
      'a feature the layers below',
      'src/jobs/jobs.service.ts',
      "import { Database } from '../persistence/database.js';",
    ],
    ['the queue bullmq', 'src/queue/bullmq-run-queue.ts', "import { Worker } from 'bullmq';"],
    ['the root everything', 'src/app.module.ts', "import { JobsModule } from './jobs/jobs.module.js';"],
  ])('allow %s', (_, path, code) => {
    expect(violation(path, code)).toEqual([]);
  });

  it('see a circle of modules, and none in one of types', () => {
    const circle = (first: string) =>
      findCycles([
        analyse('src/a.ts', first),
        analyse('src/b.ts', "import { c } from './c.js';"),
        analyse('src/c.ts', "import './a.js';"),
      ]);
    expect(circle("import { b } from './b.js';")).toEqual(['src/a.ts → src/b.ts → src/c.ts → src/a.ts']);
    expect(circle("import { type B } from './b.js';")).toEqual([]);
    expect(circle("import type { B } from './b.js';")).toEqual([]);
  });

  it('see what is read of the environment', () => {
    const reads = (code: string) => analyse('src/a.ts', code).environment;
    expect(reads('const port = process.env["PORT"];')).toEqual(['PORT']);
    expect(reads('const port = process.env.PORT;')).toEqual(['PORT']);
    expect(reads('const { PORT } = process.env;')).toEqual(['*']);
    expect(reads('const port = config.env;')).toEqual([]);
  });
});
