import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings, SETTINGS } from '../../src/platform/config.js';
import { PROJECT_ROOT } from '../support/project-root.js';

interface Listed {
  readonly name: string;
  readonly value: string;
  readonly explained: boolean;
}

const listed = readExample(readFileSync(join(PROJECT_ROOT, '.env.example'), 'utf8'));

describe('.env.example', () => {
  it('lists every setting, with its default', () => {
    const expected = Object.entries(SETTINGS).map(([name, { byDefault }]) => [name, byDefault ?? '']);
    expect(Object.fromEntries(listed.map(({ name, value }) => [name, value]))).toEqual(Object.fromEntries(expected));
  });

  it('says of each what it is', () => {
    expect(listed.filter((entry) => !entry.explained).map((entry) => entry.name)).toEqual([]);
  });

  it('can be copied as it is', () => {
    expect(readSettings(Object.fromEntries(listed.map(({ name, value }) => [name, value])))).toEqual(readSettings({}));
  });
});

function readExample(text: string): Listed[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const [, name, value] = /^([A-Z_]+)=(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return [];
    return [{ name, value, explained: lines[index - 1]?.startsWith('# ') ?? false }];
  });
}
