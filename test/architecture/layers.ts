import type { SourceFile } from './source-tree.js';

/** Where a file of src/ stands. The files at the top are the composition root: they may know everything. */
type Layer = 'root' | 'feature' | 'infrastructure' | 'platform' | 'domain';

const INFRASTRUCTURE = ['caching', 'messaging', 'persistence', 'queue'];

/** ARCHITECTURE: features → persistence, queue, messaging, caching, platform → domain. */
const MAY_IMPORT: Readonly<Record<Layer, readonly Layer[]>> = {
  root: ['root', 'feature', 'infrastructure', 'platform', 'domain'],
  feature: ['infrastructure', 'platform', 'domain'],
  infrastructure: ['infrastructure', 'platform', 'domain'],
  platform: ['platform', 'domain'],
  domain: ['domain'],
};

/** Packages that one place alone may know. */
const PACKAGE_OWNERS: readonly { readonly packages: RegExp; readonly owner: RegExp }[] = [
  { packages: /^(bullmq|@nestjs\/bullmq)$/, owner: /^src\/queue\// },
  { packages: /^ioredis$/, owner: /^src\/platform\/redis\.ts$/ },
  { packages: /^@opentelemetry\//, owner: /^src\/platform\/tracing\/otlp-tracing\.ts$/ },
  { packages: /^undici$/, owner: /^src\/execution\/targets\// },
];

export function importViolations(sources: readonly SourceFile[]): string[] {
  return sources.flatMap((source) =>
    source.imports.flatMap((entry) => {
      const reason =
        entry.file === null ? packageViolation(source.path, entry) : layerViolation(source.path, entry.file);
      return reason === null ? [] : [`${source.path} imports ${entry.file ?? entry.specifier}: ${reason}`];
    }),
  );
}

function layerViolation(from: string, to: string): string | null {
  if (!to.startsWith('src/')) return 'src/ knows nothing outside of it';
  const [here, there] = [layerOf(from), layerOf(to)];
  if (here === 'feature' && there === 'feature') {
    return folderOf(from) === folderOf(to) ? null : 'features do not import each other';
  }
  return MAY_IMPORT[here].includes(there) ? null : `${here} may not know ${there}`;
}

function packageViolation(
  from: string,
  { specifier, typeOnly }: { specifier: string; typeOnly: boolean },
): string | null {
  if (layerOf(from) === 'domain' && !isPureLibrary(specifier)) return 'domain/ is pure TypeScript';
  const rule = PACKAGE_OWNERS.find(({ packages }) => packages.test(specifier));
  if (rule === undefined || typeOnly || rule.owner.test(from)) return null;
  return `only ${rule.owner.source} may`;
}

/** Calculation only: no framework, no database, no queue, nothing of Node. */
function isPureLibrary(specifier: string): boolean {
  return /^(cronstrue|cronstrue\/.+|luxon|croner|temporal-polyfill|rrule-temporal|chrono-node)$/.test(specifier);
}

function layerOf(path: string): Layer {
  const folder = folderOf(path);
  if (folder === null) return 'root';
  if (folder === 'domain' || folder === 'platform') return folder;
  return INFRASTRUCTURE.includes(folder) ? 'infrastructure' : 'feature';
}

function folderOf(path: string): string | null {
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? null;
}
