// What the chart renders, kept and compared: with Helm by rendering anew, without it by a digest of what the kept files were made
// from. Generated keys and their checksums are masked; rules and dashboard are held elsewhere.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './tools.mjs';

export const chart = join(root, 'charts/carillon');
const folder = join(root, 'test/architecture/chart');
const KUBERNETES = '1.37.0';
const STAMP = join(folder, 'made-from');
/** For each of these values files in ci/. */
const KEPT = ['production', 'evaluation', 'job-url', 'rolling-update'];

export function valuesFiles() {
  return readdirSync(join(chart, 'ci')).filter((name) => name.endsWith('-values.yaml'));
}

/** The manifests, with hooks and tests; or, where Helm refuses, its message. */
export function render(helm, valuesFile, version = KUBERNETES, more = []) {
  const args = ['template', 'example', chart, '--namespace', 'carillon', '--kube-version', version, ...more];
  const { status, stdout, output } = run(helm, valuesFile ? [...args, '-f', join(chart, 'ci', valuesFile)] : args);
  return status === 0 ? { manifests: stdout } : { refusal: output };
}

/** One line for each kept file that is not what it should be. */
export function compareGolden(helm) {
  if (helm === null) {
    const isSame = readFileSync(STAMP, 'utf8').trim() === digest();
    return isSame ? [] : ['the chart was changed after test/architecture/chart: run `npm run check:chart -- --write`'];
  }
  return KEPT.flatMap((name) => {
    const kept = readFileSync(join(folder, `${name}.yaml`), 'utf8');
    return kept === golden(helm, name)
      ? []
      : [`test/architecture/chart/${name}.yaml is not what the chart renders now`];
  });
}

export function writeGolden(helm) {
  mkdirSync(folder, { recursive: true });
  for (const name of KEPT) writeFileSync(join(folder, `${name}.yaml`), golden(helm, name));
  writeFileSync(STAMP, `${digest()}\n`);
}

function golden(helm, name) {
  const { manifests, refusal } = render(helm, `${name}-values.yaml`);
  if (refusal) throw new Error(refusal);
  const documents = manifests.split(/^---$/m).map((text) => text.trim());
  const kept = documents.filter(
    (text) => text !== '' && !/^kind: PrometheusRule$|^ {2}carillon\.json: \|$/m.test(text),
  );
  return kept
    .map((text) =>
      text
        .replace(/^( {2}(?:ROOT_API_KEY|ENCRYPTION_KEYS|\w+_PASSWORD): )".*"$/gm, '$1"(generated)"')
        .replace(/^( {2}\w+_URL: ".*:)[^:@]*@/gm, '$1(generated)@')
        .replace(/^( *checksum\/secret: ).*$/gm, '$1(of secrets)'),
    )
    .map((text) => `---\n${text}\n`)
    .join('');
}

/** Of everything that a rendering depends on. */
function digest() {
  const files = readdirSync(chart, { recursive: true })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) =>
      /^(Chart\.yaml|values\.yaml|templates\/.*\.(yaml|tpl|txt)|ci\/.*|files\/helm-test\.mjs)$/.test(name),
    );
  const hash = createHash('sha256');
  for (const name of files.sort()) hash.update(`${name}\0${readFileSync(join(chart, name), 'utf8')}\0`);
  return hash.digest('hex');
}
