import { join } from 'node:path';
import { keptManifests } from '../../support/chart-manifests.js';
import { PROJECT_ROOT } from '../../support/project-root.js';

// Objects of Kubernetes, bent on purpose.
type Bent = ReturnType<typeof JSON.parse>;
type Objects = Bent[];

interface Linter {
  findings(objects: Objects): string[];
}

const found = (kind: string, name: RegExp) => (object: Bent) =>
  object.kind === kind && name.test(String(object.metadata.name));
const api = (objects: Objects): Bent => objects.find(found('Deployment', /-api$/)).spec;
const apiContainer = (objects: Objects): Bent => api(objects).template.spec.containers[0];
const hookSecret = (objects: Objects): Bent => objects.find(found('Secret', /-migrate$/)).metadata;

describe('what is found in the objects that the chart renders', () => {
  let linter: Linter;

  beforeAll(async () => {
    linter = (await import(join(PROJECT_ROOT, 'scripts/chart/findings.mjs'))) as Linter;
  });

  it.each(['production', 'evaluation', 'job-url', 'rolling-update'])('%s: nothing', (name) => {
    expect(linter.findings(keptManifests(name))).toEqual([]);
  });

  it.each<[string, string, (objects: Objects) => void, RegExp]>([
    ['a secret that is there after its hook', 'job-url', (all) => delete hookSecret(all).annotations, /hook-order/],
    [
      'a secret of a later hook',
      'job-url',
      (all) => (hookSecret(all).annotations['helm.sh/hook-weight'] = '5'),
      /hook-order/,
    ],
    [
      'a root that can be written',
      'production',
      (all) => (apiContainer(all).securityContext.readOnlyRootFilesystem = false),
      /no-read-only-root-fs/,
    ],
    ['a capability', 'production', (all) => delete apiContainer(all).securityContext.capabilities, /dangerousCap/],
    ['no limit', 'production', (all) => delete apiContainer(all).resources.limits.memory, /unset-memory/],
    [
      'two probes that are the same',
      'production',
      (all) => (apiContainer(all).livenessProbe = apiContainer(all).readinessProbe),
      /probes/,
    ],
    ['an image without a version', 'production', (all) => (apiContainer(all).image = 'carillon'), /latest-tag/],
    ['a name given twice', 'production', (all) => (apiContainer(all).env[1].name = 'DATABASE_URL'), /duplicate-env/],
    ['a secret in plain sight', 'production', (all) => (apiContainer(all).env[0].value = 'x'), /env-var-secret/],
    [
      'a token of the account',
      'production',
      (all) => delete api(all).template.spec.automountServiceAccountToken,
      /autom/,
    ],
    ['replicas beside a scaler', 'production', (all) => (api(all).replicas = 2), /replicas/],
    [
      'a service that leads nowhere',
      'production',
      (all) => (all.find(found('Service', /carillon$/)).spec.selector['app.kubernetes.io/component'] = 'x'),
      /dangling-service/,
    ],
  ])('%s', (_what, name, bend, words) => {
    const objects = keptManifests(name);
    bend(objects);
    expect(linter.findings(objects).join('\n')).toMatch(words);
  });
});
