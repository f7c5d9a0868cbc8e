// `npm run publish:client`: builds clients/typescript, in the version of the service, and shows what would be published;
// with `-- --publish` it is. Other arguments go to npm: `-- --publish --tag next`.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const source = join(root, 'clients/typescript');
const folder = join(root, 'node_modules/.cache/client');
const args = process.argv.slice(2);
const isReal = args.includes('--publish');

run(process.execPath, [join(root, 'scripts/client.mjs'), '--check']);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', source, '--outDir', join(folder, 'dist')]);
cpSync(join(source, 'README.md'), join(folder, 'README.md'));
cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ ...manifest, version }, null, 2)}\n`);
run('npm', ['publish', ...(isReal ? [] : ['--dry-run']), ...args.filter((arg) => arg !== '--publish'), folder]);
if (!isReal) console.log('nothing was published; `npm run publish:client -- --publish` does it');

function run(command, given) {
  const { status, error } = spawnSync(command, given, { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw error ?? new Error(`${command} ended with ${status}`);
}
