import { mkdir, mkdtemp, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFolder } from '../../src/platform/embedded-postgres/folder-lock.js';
import { PROJECT_ROOT } from './project-root.js';

/** Everything that tests start keeps its files below here: inside the project, ignored by git, removed at the end. */
const SERVICES = join(PROJECT_ROOT, '.test-services');
const SWEPT_AFTER_MS = 60_000;

export async function makeServiceFolder(name: string): Promise<string> {
  await mkdir(SERVICES, { recursive: true });
  return mkdtemp(join(SERVICES, `${name}-`));
}

export async function removeServiceFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  await rmdir(SERVICES).catch(() => undefined); // others may be at work in it
}

/** Deletes what a run has left that was killed together with its guards. */
export async function sweepServiceFolders(nowMs: number): Promise<void> {
  for (const name of await readdir(SERVICES).catch(() => [])) {
    const folder = join(SERVICES, name);
    const found = await stat(folder).catch(() => null);
    if (!found?.isDirectory() || nowMs - found.mtimeMs < SWEPT_AFTER_MS) continue;
    if (!('heldBy' in (await lockFolder(folder)))) await rm(folder, { recursive: true, force: true });
  }
}
