import { link, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identifyProcess, isRunning } from './process-identity.js';
import type { ProcessIdentity } from './process-identity.js';

const LOCK_NAME = /^lock\.(\d+)$/;

export interface FolderLock {
  release(): Promise<void>;
}

/** The folder's own number is part of it, so that a copy of a folder in use is not taken for the folder in use. */
type Holder = ProcessIdentity & { folder: string };

/**
 * Takes the folder for this process, or tells which living process has it.
 *
 * Node has no flock, and deleting a dead process's lock file races with others who do the same. So a lock is never
 * replaced: it is outbid. The holder is whoever owns the file with the highest number; a newcomer who finds that
 * holder dead links the next number, and `link` lets exactly one succeed. The highest file is never deleted.
 */
export async function lockFolder(folder: string): Promise<FolderLock | { heldBy: number }> {
  const draft = join(folder, `lock-draft-${process.pid}`);
  const { dev, ino } = await stat(folder);
  const self: Holder = { ...identifyProcess(process.pid), folder: `${dev}:${ino}` };
  for (;;) {
    const highest = Math.max(0, ...(await lockNumbers(folder)));
    const holder = highest === 0 ? null : await readHolder(join(folder, `lock.${highest}`));
    if (holder?.folder === self.folder && isRunning(holder)) return { heldBy: holder.pid };

    const mine = join(folder, `lock.${highest + 1}`);
    await writeFile(draft, JSON.stringify(self));
    const won = await link(draft, mine).then(() => true, ignoring('EEXIST'));
    await rm(draft, { force: true });
    if (!won) continue;

    const numbers = await lockNumbers(folder);
    if (numbers.some((number) => number > highest + 1)) {
      // We slept while others took and dropped the lock, and reused a number that had been swept away.
      await rm(mine, { force: true });
      continue;
    }
    for (const number of numbers) {
      if (number <= highest) await rm(join(folder, `lock.${number}`), { force: true });
    }
    return {
      async release() {
        await writeFile(draft, 'released');
        await rename(draft, mine);
      },
    };
  }
}

async function lockNumbers(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  return names.flatMap((name) => LOCK_NAME.exec(name)?.[1] ?? []).map(Number);
}

async function readHolder(path: string): Promise<Holder | null> {
  try {
    const holder = JSON.parse(await readFile(path, 'utf8')) as Holder;
    return typeof holder.pid === 'number' && typeof holder.started === 'string' ? holder : null;
  } catch {
    return null; // released, unreadable after a power cut, or just outbid: then the next round sees who has it
  }
}

function ignoring(code: string): (error: NodeJS.ErrnoException) => false {
  return (error) => {
    if (error.code !== code) throw error;
    return false;
  };
}
