// Builds the dashboard into web/dist when that is not of the sources as they are. `npm start` runs this beside the service,
// which is ready before, and serves the page from the moment that it is there.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const root = resolve(import.meta.dirname, '..');
const web = join(root, 'web');
const dist = join(web, 'dist');
const STAMP = '.built-from';
/** The page is made of these; of the client, it takes the calls and their types. */
const SOURCES = ['web/src', 'clients/typescript/src'];
const FILES = [
  'web/index.html',
  'web/vite.config.ts',
  'web/package.json',
  'package-lock.json',
  'scripts/build-web.mjs',
];

/** Tells whether there is anything to build, and it was not built yet. */
export function isWebStale() {
  if (!existsSync(join(web, 'index.html'))) return false;
  const stamp = join(dist, STAMP);
  return !existsSync(stamp) || readFileSync(stamp, 'utf8') !== fingerprint();
}

/** Builds beside web/dist and then puts it in place, so that nobody ever sees half of it. */
export async function buildWeb() {
  const stamp = fingerprint();
  const folder = join(web, `dist-${process.pid}`);
  const { build } = await import('vite');
  await build({
    configFile: join(web, 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir: folder, emptyOutDir: true },
  });
  compress(join(folder, 'assets'));
  writeFileSync(join(folder, STAMP), stamp);
  const old = `${folder}-old`;
  try {
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(folder, dist);
  } catch (error) {
    if (isWebStale()) throw error; // else another was quicker with the same
  }
  for (const left of [old, folder]) rmSync(left, { recursive: true, force: true });
}

/** Beside each file, as browsers take it over the wire: so that the service need not do it at each request. */
function compress(folder) {
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
  for (const name of readdirSync(folder)) {
    const content = readFileSync(join(folder, name));
    writeFileSync(join(folder, `${name}.br`), brotliCompressSync(content, quality));
    writeFileSync(join(folder, `${name}.gz`), gzipSync(content, { level: 9 }));
  }
}

function fingerprint() {
  const hash = createHash('sha256');
  const below = SOURCES.filter((folder) => existsSync(join(root, folder))).flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  for (const file of [...FILES.map((name) => join(root, name)), ...below].sort()) {
    if (!existsSync(file)) continue;
    const { size, mtimeMs } = statSync(file);
    hash.update(`${relative(root, file)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

if (process.argv[1] === fileURLToPath(import.meta.url) && (isWebStale() || process.argv.includes('--force'))) {
  try {
    await buildWeb();
  } catch (error) {
    // Installed without what builds (`npm ci --omit=dev`): then what was built before is served, or nothing.
    if (error.code !== 'ERR_MODULE_NOT_FOUND') {
      process.stderr.write(`carillon: the dashboard could not be built: ${error.message}\n`);
      process.exitCode = 1;
    }
  }
}
