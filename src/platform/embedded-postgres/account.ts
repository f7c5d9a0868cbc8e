import { chown, lchown, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './error.js';

/** The user that Postgres runs as when Carillon runs as root, which Postgres refuses to. */
export interface Account {
  uid: number;
  gid: number;
}

/** Null means: run as we are. A cluster that exists is run by its owner, as Postgres demands. */
export async function chooseAccount(clusterFolder: string): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null;
  const owner = await stat(clusterFolder).catch(() => null);
  if (owner !== null && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };

  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const accounts = new Map(
    passwd.split('\n').map((line) => {
      const [name, , uid, gid] = line.split(':');
      return [name, { uid: Number(uid), gid: Number(gid) }] as const;
    }),
  );
  const account = accounts.get('postgres') ?? accounts.get('nobody');
  if (account === undefined || !(account.uid > 0)) {
    throw new EmbeddedPostgresError(
      'Postgres refuses to run as root and there is no user "postgres" or "nobody" to run it as; ' +
        'start Carillon as an ordinary user, or set DATABASE_URL',
    );
  }
  return account;
}

/** Gives a cluster that root has copied (so that root owns the copy) back to an account that may run it. */
export async function giveTo(account: Account, folder: string): Promise<void> {
  await chown(folder, account.uid, account.gid);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await giveTo(account, path);
    else await lchown(path, account.uid, account.gid);
  }
}
