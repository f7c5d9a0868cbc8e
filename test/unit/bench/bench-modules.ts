import { join } from 'node:path';
import { PROJECT_ROOT } from '../../support/project-root.js';

/** Benchmarks are plain modules without types: what a test takes from one it names with its type. */
export async function fromBench<Module>(file: string): Promise<Module> {
  const path = join(PROJECT_ROOT, 'bench/support', file);
  return (await import(path)) as Module;
}
