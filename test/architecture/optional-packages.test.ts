import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../support/project-root.js';

const SOURCES = join(PROJECT_ROOT, 'src');

function linesWith(text: string): string[] {
  return readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => readFileSync(join(SOURCES, name), 'utf8').split('\n'))
    .filter((line) => line.includes(text))
    .map((line) => line.trim());
}

// Loading it takes a while, and it may not even be installed.
it('OpenTelemetry is loaded by need only, once a collector is named', () => {
  expect(linesWith('otlp-tracing.js')).toEqual([expect.stringMatching(/await import\('\.\/otlp-tracing\.js'\)/)]);
});
