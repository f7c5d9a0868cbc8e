// The tools that check the chart: built by Go at pinned versions, with Go's own cache, and kept below node_modules/.cache.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');
export const cache = join(root, 'node_modules/.cache/chart');

const TOOLS = {
  helm: ['helm.sh/helm/v4/cmd/helm', 'v4.3.1'],
  helm3: ['helm.sh/helm/v3/cmd/helm', 'v3.22.0'],
  kubeconform: ['github.com/yannh/kubeconform/cmd/kubeconform', 'v0.8.0'],
  'kube-score': ['github.com/zegl/kube-score/cmd/kube-score', 'v1.20.0'],
  // What `docker compose` reads files with.
  compose: ['github.com/compose-spec/compose-go/v2/cmd', 'v2.9.1'],
  'helm-docs': ['github.com/norwoodj/helm-docs/cmd/helm-docs', 'v1.14.2'],
};
/** Modules that carry the schemas of kinds that are not Kubernetes' own. */
const MODULES = {
  'gateway-api': ['sigs.k8s.io/gateway-api', 'v1.6.3'],
  keda: ['github.com/kedacore/keda/v2', 'v2.21.0'],
  'prometheus-operator': ['github.com/prometheus-operator/prometheus-operator', 'v0.85.0'],
};

const environment = {
  ...process.env,
  GOFLAGS: '-buildvcs=false -modcacherw',
  CGO_ENABLED: '0',
  HELM_CACHE_HOME: join(cache, 'helm/cache'),
  HELM_CONFIG_HOME: join(cache, 'helm/config'),
  HELM_DATA_HOME: join(cache, 'helm/data'),
};

export function hasGo() {
  return spawnSync('go', ['version']).status === 0;
}

/** Where a tool lies if it was built before. */
export function builtTool(name) {
  const [path, version] = TOOLS[name];
  const program = join(cache, 'bin', `${name}-${version}`, path.split('/').at(-1));
  return existsSync(program) ? program : null;
}

export function tool(name) {
  const found = builtTool(name);
  if (found !== null) return found;
  const [path, version] = TOOLS[name];
  const began = Date.now();
  const target = join(cache, 'bin', `${name}-${version}`);
  const making = `${target}.${process.pid}`;
  mkdirSync(making, { recursive: true });
  go(['install', '-ldflags=-s -w', `${path}@${version}`], { GOBIN: making });
  rmSync(target, { recursive: true, force: true });
  renameSync(making, target);
  console.log(`built ${name} ${version} in ${Math.round((Date.now() - began) / 1_000)} s`);
  return builtTool(name);
}

/** The folder of a module's sources. */
export function moduleFolder(name) {
  const [path, version] = MODULES[name];
  return JSON.parse(go(['mod', 'download', '-json', `${path}@${version}`])).Dir;
}

function go(args, more = {}, cwd = cache) {
  mkdirSync(cache, { recursive: true });
  const options = { cwd, encoding: 'utf8', env: { ...environment, ...more }, maxBuffer: 1 << 26 };
  const { status, stdout, stderr } = spawnSync('go', args, options);
  if (status !== 0) throw new Error(`go ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}

/** Answers the exit code and what was printed. */
export function run(program, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    env: environment,
    maxBuffer: 1 << 28,
    ...options,
  });
  if (error) throw error;
  return { status, stdout, output: `${stdout}${stderr}` };
}
