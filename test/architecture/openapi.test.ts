import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppModule } from '../../src/app.module.js';
import { describeModule } from '../../src/platform/openapi/document.js';
import { PROJECT_ROOT } from '../support/project-root.js';

type Operation = { operationId?: string; summary?: string; tags?: string[]; responses: Record<string, unknown> };

const written: unknown = JSON.parse(readFileSync(join(PROJECT_ROOT, 'docs/openapi.json'), 'utf8'));

describe('docs/openapi.json', () => {
  it('is what the code says; `npm run openapi` writes it anew', async () => {
    const described = await describeModule((config) => AppModule.for(config));
    expect(JSON.parse(JSON.stringify(described))).toEqual(written);
  });

  it('names every operation, once', () => {
    const operations = Object.values((written as { paths: Record<string, Record<string, Operation>> }).paths).flatMap(
      (item) => Object.values(item),
    );
    const ids = operations.map((operation) => operation.operationId);
    expect(new Set(ids).size).toBe(operations.length);
    for (const operation of operations) {
      expect(operation).toMatchObject({
        operationId: expect.stringMatching(/^[a-z]\w+$/),
        summary: expect.any(String),
      });
      expect(operation.tags).toHaveLength(1);
    }
  });
});
