import { randomBytes } from 'node:crypto';
import { chmod, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { EncryptionKey } from '../config.js';
import { encryptionKeys } from '../config/readers.js';
import { StartFailure } from '../process/start-failure.js';

const FILE = 'encryption-key';

/** The key of an embedded service, which nobody else shares, if it has one. */
export async function readLocalKey(dataDir: string): Promise<EncryptionKey | null> {
  const path = join(dataDir, FILE);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new StartFailure(`${path} can't be read (${code}): make it readable for this user alone`);
  });
  if (text === null) return null;
  await chmod(path, 0o600);
  const [key, ...others] = encryptionKeys.read(text.trim()) ?? [];
  if (key !== undefined && others.length === 0) return key;
  throw new StartFailure(
    `${path} holds no encryption key: put back what it held, or remove it and set the secrets of jobs anew`,
  );
}

/**
 * Makes the key and keeps it beside the data. Whole or not at all, whenever the process dies; whoever calls holds the lock of
 * the folder.
 */
export async function makeLocalKey(dataDir: string): Promise<EncryptionKey> {
  // An id of its own: should the file be lost, what it sealed isn't taken for what the next key sealed.
  const text = `local-${randomBytes(4).toString('hex')}:${randomBytes(32).toString('base64')}`;
  const path = join(dataDir, FILE);
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(`${text}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  const key = await readLocalKey(dataDir);
  if (key === null) throw new Error(`${path} is gone`);
  return key;
}
