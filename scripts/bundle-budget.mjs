// `npm run check:bundle`: builds the dashboard where it is stale, and fails when what a first look loads is too much.
// Counted is what the browser fetches before it shows the jobs: page, styles, entry, and the chunk of the page with what
// it imports; as gzip, which every browser takes. What a page draws later (charts, the palette) is not counted.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildWeb, isWebStale } from './build-web.mjs';

const BUDGET_KB = 180;
const dist = join(import.meta.dirname, '../web/dist');

if (isWebStale()) await buildWeb();
const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));
const sizeOf = (file) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length;
const pages = Object.keys(manifest).filter((name) => /^src\/pages\/.*-page\.tsx$/.test(name));
let worst = 0;
for (const page of pages) {
  const files = new Set(['index.html']);
  collect('index.html', files);
  collect(page, files);
  const kilobytes = [...files].reduce((sum, file) => sum + sizeOf(file), 0) / 1_000;
  worst = Math.max(worst, kilobytes);
  process.stdout.write(`${kilobytes.toFixed(1).padStart(7)} KB  ${page.replace('src/pages/', '')}\n`);
}
if (pages.length === 0 || worst > BUDGET_KB) {
  process.stderr.write(`the first load of a page is over ${BUDGET_KB} KB gzipped, or there are no pages\n`);
  process.exit(1);
}

function collect(name, files) {
  const { file, css = [], imports = [] } = manifest[name];
  if (files.has(file)) return;
  for (const one of [file, ...css]) files.add(one);
  for (const one of imports) collect(one, files);
}
