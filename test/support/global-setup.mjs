// Jest loads this file natively, without the transform and name mapping that tests get, and so it can't import our
// TypeScript. It compiles the few files it needs into a folder of the run, on every Node version alike.
import { transformFile } from '@swc/core';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '../..');

export default async function setUp() {
  await mkdir(join(root, '.test-services'), { recursive: true });
  const folder = await mkdtemp(join(root, '.test-services/compiled-'));
  await compile(join(root, 'test/support/test-services.ts'), folder, new Set());
  // For tests that need a process of their own which runs our code and can be killed.
  process.env.CARILLON_TEST_COMPILED = folder;
  const { startTestServices } = await import(pathToFileURL(join(folder, 'test/support/test-services.js')).href);
  const stop = await startTestServices();
  globalThis.stopTestServices = async () => {
    await rm(folder, { recursive: true, force: true });
    await stop();
  };
}

async function compile(file, folder, done) {
  if (done.has(file)) return;
  done.add(file);
  const { code } = await transformFile(file, { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } });
  const target = join(folder, relative(root, file)).replace(/\.ts$/, '.js');
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, code);
  for (const [, path] of code.matchAll(/from ['"](\.{1,2}\/[^'"]+)\.js['"]/g)) {
    await compile(resolve(dirname(file), `${path}.ts`), folder, done);
  }
}
