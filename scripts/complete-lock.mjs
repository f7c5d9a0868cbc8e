// `node scripts/complete-lock.mjs`, after a change of dependencies: adds to package-lock.json the packages for other
// platforms that `npm install` left out because the registry in use does not carry them. Without their names `npm ci`
// refuses the whole lock. They get no checksum, and are only ever fetched on the platform that they are for.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const file = join(import.meta.dirname, '../package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));
const added = {};

for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of path === '' ? [] : Object.entries(optionalDependencies)) {
    if (isLocked(path, name)) continue;
    const platform = platformOf(name);
    if (platform === null) throw new Error(`${name}, of ${path}, is not for one platform: add it to the lock by npm`);
    added[`node_modules/${name}`] = {
      version: version.replace(/^[~^]/, ''),
      ...platform,
      ...(dev && { dev }),
      optional: true,
    };
  }
}

const packages = Object.entries({ ...lock.packages, ...added }).sort(([one], [other]) =>
  one.localeCompare(other, 'en'),
);
writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2)}\n`);
process.stdout.write(`${Object.keys(added).length} packages added\n`);

/** As Node resolves: beside the package, or in any folder above it. */
function isLocked(path, name) {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const candidate = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (lock.packages[candidate] !== undefined) return true;
    if (folder === '') return false;
  }
}

/** From the name alone: `…-linux-arm64-musl`, or `…-windows-…` for any Windows. */
function platformOf(name) {
  const words = name.split('/').at(-1).split('-');
  if (words.includes('windows')) return { os: ['win32'] };
  const os = words.find((word) =>
    ['aix', 'android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'].includes(word),
  );
  const cpu = words.find((word) =>
    ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'].includes(word),
  );
  if (os === undefined || cpu === undefined) return null;
  const libc =
    os !== 'linux'
      ? undefined
      : words.some((word) => word.startsWith('musl'))
        ? 'musl'
        : words.some((word) => word.startsWith('gnu'))
          ? 'glibc'
          : undefined;
  return { cpu: [cpu], ...(libc && { libc: [libc] }), os: [os] };
}
