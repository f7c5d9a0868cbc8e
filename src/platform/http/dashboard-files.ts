import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';

/** A file that is served from memory, as browsers take it. */
export interface DashboardFile {
  readonly type: string;
  readonly etag: string;
  readonly plain: Buffer;
  /** Made by the build where it saves something. */
  readonly br: Buffer | null;
  readonly gzip: Buffer | null;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ico': 'image/x-icon',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};

interface Kept {
  readonly stamp: string;
  readonly file: DashboardFile;
}

/** Files of a folder that a build puts in place as a whole, now or while the service runs: read again when they are others. */
export class DashboardFiles {
  private readonly kept = new Map<string, Kept>();

  constructor(private readonly folder: string) {}

  /** Null: it is not there. `name` is one of ours, never a client's. */
  async find(name: string): Promise<DashboardFile | null> {
    const path = join(this.folder, name);
    const found = await stat(path).catch(() => null);
    if (found?.isFile() !== true) return null;
    const stamp = `${found.ino} ${found.size} ${found.mtimeMs}`;
    const known = this.kept.get(name);
    if (known?.stamp === stamp) return known.file;
    const file = await read(path);
    if (file !== null) this.kept.set(name, { stamp, file });
    return file;
  }
}

async function read(path: string): Promise<DashboardFile | null> {
  const bytesOf = (file: string): Promise<Buffer | null> => readFile(file).catch(() => null);
  const [plain, br, gzip] = await Promise.all([bytesOf(path), bytesOf(`${path}.br`), bytesOf(`${path}.gz`)]);
  if (plain === null) return null;
  const hash = createHash('sha256').update(plain).digest('base64url').slice(0, 27);
  // Weak: compressed or not, it is the same page.
  return { type: TYPES[extname(path)] ?? 'application/octet-stream', etag: `W/"${hash}"`, plain, br, gzip };
}
