import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdtemp, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { giveTo } from './account.js';
import type { Account } from './account.js';
import type { Binaries } from './binaries.js';
import { EmbeddedPostgresError } from './error.js';
import { outlastInitdb } from './orphans.js';

export const SUPERUSER = 'carillon';
const MAJOR_VERSION = '18';
const PASSWORD_FILE = 'carillon.password';
const DRAFT = 'cluster.new-';
const CONTROL_FILE_BYTES = 8192;

/** What a Postgres process needs to work in the cluster, whoever may pass the folders above it. */
export interface ClusterAccess {
  cwd: string;
  /** The value of `-D`. */
  dataArgument: string;
  account: Account | null;
}

/**
 * An unprivileged account may be unable to walk the path to the cluster (below /root, say). A working folder is kept
 * when a process drops its privileges, and /proc/self/cwd leads to it without walking that path.
 */
export function accessTo(folder: string, account: Account | null): ClusterAccess {
  const walks = account === null || process.platform !== 'linux';
  return { cwd: folder, dataArgument: walks ? folder : '/proc/self/cwd', account };
}

export function serverEnvironment(): NodeJS.ProcessEnv {
  // A clean one: PGDATA, PGPORT, PGTZ and the like of the caller must not reach the server.
  return { PATH: process.env['PATH'], LD_LIBRARY_PATH: process.env['LD_LIBRARY_PATH'], LC_ALL: 'C', TZ: 'UTC' };
}

export interface ClusterOptions {
  dataDir: string;
  folder: string;
  binaries: Binaries;
  account: Account | null;
  log: (line: string) => void;
}

/** Makes the cluster when there is none, else checks that it can be run; answers the superuser's password. */
export async function prepareCluster(options: ClusterOptions): Promise<string> {
  const { dataDir, folder, account } = options;
  for (const name of await readdir(dataDir)) {
    if (!name.startsWith(DRAFT)) continue;
    // What a first start that was cut off has left.
    await outlastInitdb(join(dataDir, name));
    await rm(join(dataDir, name), { recursive: true, force: true, maxRetries: 3 });
  }
  await takeOver(folder, account);
  if (await isEmpty(folder)) await createCluster(options);
  await checkCluster(folder);
  return (await readFile(join(folder, PASSWORD_FILE), 'utf8')).trim();
}

async function isEmpty(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [];
  });
  return names.length === 0;
}

/** Built under another name and renamed when it is whole and on disk: a half-made cluster never has the real name. */
async function createCluster({ dataDir, folder, binaries, account, log }: ClusterOptions): Promise<void> {
  log(`preparing the embedded Postgres in ${dataDir} (first start, about 2 s)`);
  const password = randomBytes(24).toString('hex');
  const draft = await mkdtemp(join(dataDir, DRAFT));
  const passwordFile = `${draft}.password`;
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600, flush: true });
  if (account !== null) {
    await chown(draft, account.uid, account.gid);
    await chown(passwordFile, account.uid, account.gid);
  }
  await runInitdb(binaries.initdb, accessTo(draft, account), passwordFile);
  await rename(passwordFile, join(draft, PASSWORD_FILE));
  await syncFolder(draft);
  await rename(draft, folder);
  await syncFolder(dataDir);
}

async function runInitdb(initdb: string, access: ClusterAccess, passwordFile: string): Promise<void> {
  const password = await open(passwordFile);
  const args = [
    ...['-D', access.dataArgument, '-U', SUPERUSER, '--auth=scram-sha-256'],
    // Through a descriptor, for the account may be unable to walk to the file.
    ...[`--pwfile=${access.account === null ? passwordFile : '/dev/fd/3'}`],
    // Postgres's own C.UTF-8 needs no locale of the system's.
    ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    // The password is 192 random bits: stretching it would only make each connection slower.
    ...['-c', 'scram_iterations=1', '-c', 'timezone=UTC', '-c', 'dynamic_shared_memory_type=mmap'],
  ];
  try {
    const child = spawn(initdb, args, {
      ...access.account,
      cwd: access.cwd,
      env: serverEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe', password.fd],
    });
    const closed = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
    const [code, stderr] = await Promise.all([closed, text(child.stderr as NodeJS.ReadableStream)]);
    if (code !== 0) {
      throw new EmbeddedPostgresError(
        `initdb could not make the Postgres cluster in ${access.cwd} (${lastLines(stderr) || `exit code ${code}`}); ` +
          'put that right, set DATA_DIR to another folder, or set DATABASE_URL',
      );
    }
  } finally {
    await password.close();
  }
}

function lastLines(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '' && !line.includes('removing contents'));
  return lines.slice(-3).join('; ');
}

/** As root, a cluster that root owns (a copied project) is given to the account; Postgres insists on mode 700. */
async function takeOver(folder: string, account: Account | null): Promise<void> {
  const found = await stat(folder).catch(() => null);
  if (found === null) return;
  const self = process.getuid?.();
  if (account !== null && found.uid !== account.uid) await giveTo(account, folder);
  else if (account === null && found.uid !== self) {
    throw new EmbeddedPostgresError(
      `${folder} belongs to user ${found.uid} (an earlier start as another user?) and this is user ${self}; ` +
        `run \`sudo chown -R ${self} ${dirname(folder)}\`, or set DATA_DIR to another folder`,
    );
  }
  if ((found.mode & 0o777) !== 0o700) await chmod(folder, 0o700);
}

async function checkCluster(folder: string): Promise<void> {
  const version = (await readFile(join(folder, 'PG_VERSION'), 'latin1').catch(() => '')).trim();
  if (/^\d+$/.test(version) && version !== MAJOR_VERSION) {
    throw new EmbeddedPostgresError(
      `${folder} was made by Postgres ${version} and this is Postgres ${MAJOR_VERSION}; ` +
        'run the Carillon that made it to move its data, or set DATA_DIR to another folder',
    );
  }
  if (version !== MAJOR_VERSION) throw damaged(folder, 'PG_VERSION is missing or unreadable');
  const control = await stat(join(folder, 'global', 'pg_control')).catch(() => null);
  if (control?.size !== CONTROL_FILE_BYTES) throw damaged(folder, 'global/pg_control is missing or cut off');
  const password = await stat(join(folder, PASSWORD_FILE)).catch(() => null);
  if (password === null || password.size === 0) throw damaged(folder, `${PASSWORD_FILE} is missing or empty`);
}

export function damaged(folder: string, finding: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `the Postgres cluster in ${folder} is damaged (${finding}) and was left as it is; ` +
      'restore that folder from a copy, or set DATA_DIR to another folder to start anew',
  );
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
