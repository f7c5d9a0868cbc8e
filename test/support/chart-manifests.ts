import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { PROJECT_ROOT } from './project-root.js';

export interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

interface EnvEntry {
  readonly name: string;
  readonly value?: string;
}

interface Container {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: readonly EnvEntry[];
  readonly envFrom?: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly lifecycle?: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
}

interface PodSpec {
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly terminationGracePeriodSeconds: number;
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: {
    readonly replicas?: number;
    readonly minReadySeconds?: number;
    readonly template?: { readonly spec: PodSpec };
  };
  readonly data?: Readonly<Record<string, string>>;
}

/** A container of a rendered pod as the kubelet would start it. */
export interface RenderedProcess {
  readonly workload: string;
  readonly container: string;
  readonly replicas: number;
  readonly minReadySeconds: number;
  readonly command: readonly string[];
  /** With what stands in for secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** Of its environment, as often as they are given. */
  readonly names: readonly string[];
  readonly probes: { readonly startup: Probe; readonly readiness: Probe; readonly liveness: Probe };
  readonly preStopSeconds: number;
  readonly gracePeriodSeconds: number;
}

const SECRETS: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgres://carillon@127.0.0.1:1/carillon',
  REDIS_URL: 'redis://127.0.0.1:1',
  ROOT_API_KEY: 'a-root-key-of-tests',
  ENCRYPTION_KEYS: `k1:${Buffer.alloc(32).toString('base64')}`,
};

/** What the chart renders with the values of `ci/<name>-values.yaml`. */
export function keptManifests(name: string): Manifest[] {
  const text = readFileSync(join(PROJECT_ROOT, 'test/architecture/chart', `${name}.yaml`), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

/** Every container that runs the service or one of its commands. */
export function processesOf(manifests: readonly Manifest[]): RenderedProcess[] {
  const configMaps = new Map(
    manifests.filter(({ kind }) => kind === 'ConfigMap').map(({ metadata, data }) => [metadata.name, data ?? {}]),
  );
  return manifests.flatMap(({ metadata, spec }) => {
    const pod = spec?.template?.spec;
    const containers = [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])];
    return containers
      .filter(({ command }) => command?.includes('dist/main.js'))
      .map((container): RenderedProcess => {
        const { env = [], envFrom = [], startupProbe, readinessProbe, livenessProbe } = container;
        const fromMaps = envFrom.flatMap(({ configMapRef }) => Object.entries(configMaps.get(configMapRef.name) ?? {}));
        const entries = [...fromMaps, ...env.map(({ name, value }) => [name, value ?? SECRETS[name] ?? ''] as const)];
        return {
          workload: metadata.name,
          container: container.name,
          replicas: spec?.replicas ?? 1,
          minReadySeconds: spec?.minReadySeconds ?? 0,
          command: container.command,
          env: Object.fromEntries(entries),
          names: entries.map(([name]) => name),
          probes: { startup: startupProbe, readiness: readinessProbe, liveness: livenessProbe },
          preStopSeconds: container.lifecycle?.preStop.sleep.seconds ?? 0,
          gracePeriodSeconds: pod?.terminationGracePeriodSeconds ?? 30,
        };
      });
  });
}
