// `npm start`: builds when there is no build of the sources as they are, then becomes the service (in this very process,
// so that signals reach it).
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Node ${process.versions.node} is too old: install Node 20.19 or later`);
}
if (!existsSync(join(root, 'node_modules'))) fail('nothing is installed: run `npm ci` first');

try {
  const { compile, isCompiled } = await import('./build.mjs');
  if (!isCompiled()) await compile();
} catch (error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') fail(`the build failed: ${error.message}`);
  // Installed without what builds (`npm ci --omit=dev`): then the build must be there.
  if (!existsSync(join(root, 'dist/main.js'))) {
    fail('it is not built, and what builds it is not installed: run `npm ci` (without --omit=dev)');
  }
}
process.setSourceMapsEnabled(true);
module.enableCompileCache?.(join(root, 'node_modules/.cache/node')); // Node 22 and later
await import('../dist/main.js');
await buildDashboard();

/** In a process of its own, at low priority, once the service stands: starting does not wait for it. */
async function buildDashboard() {
  if (process.argv[2] !== undefined && process.argv[2] !== 'serve') return;
  const { isWebStale } = await import('./build-web.mjs');
  if (!isWebStale()) return;
  const builder = spawn(process.execPath, [join(import.meta.dirname, 'build-web.mjs')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    setPriority(builder.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended already, or the system doesn't let us: then at the priority it has.
  }
  builder.unref();
  process.once('exit', () => builder.kill());
}

function fail(line) {
  process.stderr.write(`carillon: ${line}\n`);
  process.exit(1);
}
