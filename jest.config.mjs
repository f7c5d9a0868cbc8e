import { availableParallelism } from 'node:os';

// Jest runs CommonJS; swc compiles our ESM and the ESM-only packages with it, so the same command works on Node 20, 22 and 24.
const swc = {
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    target: 'es2022',
    keepClassNames: true,
  },
  module: { type: 'commonjs', ignoreDynamic: false },
  sourceMaps: 'inline',
};
const swcForPackages = { ...swc, jsc: { parser: { syntax: 'ecmascript', dynamicImport: true }, target: 'es2022' } };

const common = {
  rootDir: import.meta.dirname,
  cacheDirectory: '<rootDir>/node_modules/.cache/jest', // not in /tmp: tests leave nothing outside the project
  testEnvironment: 'node',
  extensionsToTreatAsEsm: [],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', swc], '^.+\\.m?js$': ['@swc/jest', swcForPackages] },
  transformIgnorePatterns: [
    '/node_modules/(?!(@nestjs|keyv|@keyv|cache-manager|@cacheable|cookie|file-type|strtok3|token-types|uint8array-extras|@tokenizer|@borewit|uuidv7|content-disposition|croner|cronstrue|luxon|hookified|cacheable|uuid|cron|iterare|load-esm|pure-rand|fast-check|typeorm|@sqltools|ansis|dedent|jose)/)',
  ],
  setupFiles: ['reflect-metadata'],
  // Looked up in a sandbox they cost several times what they cost the service, and what is bounded in time is full of them.
  sandboxInjectedGlobals: ['Math', 'Number', 'Infinity'],
};

// Jest runs these once for all the projects that name them, and not at all when none of those is selected.
const services = {
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
};

export default {
  // Jest's own choice on two cores is one, and many of the tests wait more than they work.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  // Says that a test hangs. How long something may take is for the test to say.
  testTimeout: 20_000,
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/test/unit/**/*.test.ts'] },
    { ...common, displayName: 'architecture', testMatch: ['<rootDir>/test/architecture/**/*.test.ts'] },
    {
      ...common,
      ...services,
      displayName: 'integration',
      setupFiles: [...common.setupFiles, '<rootDir>/test/support/quiet-logs.ts'],
      testMatch: ['<rootDir>/test/integration/**/*.test.ts'],
    },
    { ...common, ...services, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.test.ts'] },
    // They bring servers of their own: `npm run test:operations`.
    { ...common, displayName: 'operations', testMatch: ['<rootDir>/test/operations/**/*.test.ts'] },
    // Each scenario brings servers of its own.
    { ...common, displayName: 'faults', testMatch: ['<rootDir>/test/faults/**/*.test.ts'] },
  ],
};
