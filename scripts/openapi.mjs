// `npm run openapi`: writes docs/openapi.json from the code. Needs no database.
import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, isBuilt } from './build.mjs';

if (!isBuilt()) await build();
const [{ AppModule }, { describeModule }] = await Promise.all([
  import('../dist/app.module.js'),
  import('../dist/platform/openapi/document.js'),
]);
const file = join(import.meta.dirname, '../docs/openapi.json');
writeFileSync(file, `${JSON.stringify(await describeModule((config) => AppModule.for(config)), null, 2)}\n`);
