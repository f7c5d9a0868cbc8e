// `npm run check:chart`: the Helm chart, rendered and looked at. Go is all that it needs beside Node and Python's pip; tools are
// built once and lie in node_modules/.cache. Without Go it compares a digest of the chart with that of the kept manifests.
//
//   npm run check:chart                  Helm 4, the oldest and the newest Kubernetes
//   npm run check:chart -- --all         Helm 3 too, every Kubernetes from 1.30 on, the table in the chart's README, and compose.yaml
//   npm run check:chart -- --write       writes test/architecture/chart and the README anew, and what the chart has from elsewhere
//   npm run check:chart -- --golden      the kept manifests alone, by Helm if it was built before
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import { writeCopies } from './chart/copies.mjs';
import { findings } from './chart/findings.mjs';
import { chart, compareGolden, render, valuesFiles, writeGolden } from './chart/golden.mjs';
import { REFUSED } from './chart/refusals.mjs';
import { schemas } from './chart/schemas.mjs';
import { builtTool, hasGo, root, run, tool } from './chart/tools.mjs';

const { values: options } = parseArgs({
  options: {
    all: { type: 'boolean' },
    write: { type: 'boolean' },
    golden: { type: 'boolean' },
  },
});
/** Of kube-score. Who tries it out may keep the images that are there; one file shows the chart without network policies. */
const EXCUSED = {
  'production-values.yaml': [],
  'without-redis-values.yaml': ['container-image-pull-policy', 'pod-networkpolicy'],
  others: ['container-image-pull-policy'],
};

const problems = [];
let looked = 0;
if (options.write) writeCopies();
if (options.golden || !hasGo()) {
  if (!options.golden) console.log('Go is not at hand: only the digest of the chart is compared');
  problems.push(...compareGolden(builtTool('helm')));
} else {
  const helms = ['helm', ...(options.all ? ['helm3'] : [])].map((name) => [name, tool(name)]);
  if (options.write) {
    writeGolden(helms[0][1]);
    writeReadme();
  }
  problems.push(...compareGolden(helms[0][1]));
  for (const [name, helm] of helms) check(name, helm);
  for (const file of valuesFiles()) score(helms[0][1], file);
  if (options.all) {
    compareReadme();
    readCompose();
  }
}
for (const problem of problems) console.error(problem);
console.log(`check:chart: ${looked} renderings looked at, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);

function check(name, helm) {
  const { versions, locations } = schemas();
  const some = options.all ? versions : [versions[0], versions.at(-1)];
  for (const file of valuesFiles()) {
    const lint = run(helm, ['lint', '--strict', '--kube-version', some[0], chart, '-f', join(chart, 'ci', file)]);
    if (lint.status !== 0) problems.push(`${name} lint ${file}: ${lint.output}`);
    for (const version of some) {
      for (const more of [[], ['--is-upgrade']])
        lookAt(name, helm, { file, version, more, schemas: locations(version) });
    }
  }
  for (const [set, words] of REFUSED) {
    const given = ['database.existingSecret=given', ...set].flatMap((one) => ['--set', one]);
    const { refusal } = render(helm, null, some[0], given);
    if (!refusal) problems.push(`${name} takes ${set.join(', ')}`);
    else if (!words.test(refusal)) problems.push(`${name} refuses ${set.join(', ')} by other words: ${refusal}`);
  }
}

function lookAt(name, helm, { file, version, more, schemas }) {
  const what = [name, file, `Kubernetes ${version}`, ...more].join(', ');
  const { manifests, refusal } = render(helm, file, version, more);
  if (refusal) return problems.push(`${what}: ${refusal}`);
  looked += 1;
  const { status, output } = run(tool('kubeconform'), ['-strict', '-kubernetes-version', version, ...schemas, '-'], {
    input: manifests,
  });
  if (status !== 0) problems.push(`${what}: ${output}`);
  const objects = parseAllDocuments(manifests).flatMap((document) => document.toJS() ?? []);
  problems.push(...findings(objects).map((finding) => `${what}: ${finding}`));
  const runbook = parse(readFileSync(join(chart, 'ci', file), 'utf8'))?.metrics?.prometheusRule?.runbook;
  if (runbook !== undefined)
    problems.push(...strayLinks(objects, runbook).map((link) => `${what}: alerts link ${link}`));
}

/** Of alerts, those that do not begin where the values say that the runbook is. */
function strayLinks(objects, runbook) {
  const rules =
    objects.find(({ kind }) => kind === 'PrometheusRule')?.spec.groups.flatMap((group) => group.rules) ?? [];
  const links = rules.flatMap(({ annotations }) => annotations?.runbook_url ?? []);
  return links.length === 0 ? ['nothing'] : links.filter((link) => !link.startsWith(`${runbook}#`));
}

/** kube-score fails on what it calls critical. */
function score(helm, file) {
  const { manifests } = render(helm, file);
  const excused = (EXCUSED[file] ?? EXCUSED.others).flatMap((test) => ['--ignore-test', test]);
  const args = ['score', '--kubernetes-version', 'v1.34', '--output-format', 'ci', ...excused, '-'];
  const { output } = run(tool('kube-score'), args, { input: manifests });
  const critical = output.split('\n').filter((line) => line.startsWith('[CRITICAL]'));
  problems.push(...critical.map((line) => `kube-score, ${file}: ${line}`));
  if (!/\[OK\]/.test(output)) problems.push(`kube-score looked at nothing in ${file}: ${output}`);
}

/** Its variables are left alone: two of them must be given. */
function readCompose() {
  const { status, output } = run(tool('compose'), ['--no-interpolation', 'compose.yaml'], { cwd: root });
  if (status !== 0) problems.push(`compose.yaml: ${output}`);
}

function readme() {
  const args = ['--dry-run', '--chart-search-root', chart, '--sort-values-order', 'file', '--log-level', 'error'];
  return `${run(tool('helm-docs'), args).stdout.trim()}\n`;
}

function writeReadme() {
  writeFileSync(join(chart, 'README.md'), readme());
}

function compareReadme() {
  if (readFileSync(join(chart, 'README.md'), 'utf8') !== readme())
    problems.push('charts/carillon/README.md is out of date');
}
