import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
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

export interface Dashboard {
  /** Folder of the hashed files. */
  readonly assets: string;
  readonly page: DashboardFile;
  /** What else lies beside the page, by its path. */
  readonly files: ReadonlyMap<string, DashboardFile>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ico': 'image/x-icon',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/** What the build of web/ left in a folder; null when it was not built. Read once: a build is a new version. */
export function readDashboard(folder: string): Dashboard | null {
  const page = join(folder, 'index.html');
  if (!existsSync(page)) return null;
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'index.html' && extname(entry.name) in TYPES)
    .map(({ name }) => name);
  return {
    assets: join(folder, 'assets'),
    page: read(page),
    files: new Map(names.map((name) => [`/${name}`, read(join(folder, name))])),
  };
}

function read(path: string): DashboardFile {
  const plain = readFileSync(path);
  const beside = (ending: string): Buffer | null =>
    existsSync(path + ending) ? readFileSync(path + ending) : null;
  const hash = createHash('sha256').update(plain).digest('base64url').slice(0, 27);
  // Weak: compressed or not, it is the same page.
  const type = TYPES[extname(path)] ?? 'application/octet-stream';
  return { type, etag: `W/"${hash}"`, plain, br: beside('.br'), gzip: beside('.gz') };
}
