import { Problem } from '../../../src/domain/errors.js';
import { readYaml } from '../../../src/platform/yaml/read-yaml.js';

/** Made to be slow: a megabyte of it takes ten seconds. */
const SLOW = `{${','.repeat(1_000_000)}}`;

async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Problem) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'none';
}

test('a text that takes too long is given up, and the process does other things meanwhile', async () => {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 5);
  try {
    expect(await refusalOf(readYaml(SLOW, 500))).toMatch(/^invalid .*the time it takes/);
  } finally {
    clearInterval(timer);
  }
  // Read on this thread there would be none at all.
  expect(turns).toBeGreaterThan(5);
}, 30_000);

test('a few are read at once, some wait, and the rest is told to come back', async () => {
  const outcomes = await Promise.all(Array.from({ length: 14 }, () => refusalOf(readYaml('[1]'))));
  expect(outcomes.filter((outcome) => outcome === 'none')).toHaveLength(10);
  expect(outcomes.filter((outcome) => outcome.startsWith('unavailable'))).toHaveLength(4);
  expect(await readYaml('a: 1')).toEqual([{ a: 1 }]);
}, 30_000);

test('values are those of JSON', async () => {
  const text = 'a: [1, -0.5, true, null, ~, "x", 2026-12-24, 0o17, yes]\n__proto__: { b: 1 }\n---\n- c\n';
  const [first, second] = await readYaml(text);
  expect(Object.keys(first as object)).toEqual(['a', '__proto__']);
  expect((first as { a: unknown }).a).toEqual([1, -0.5, true, null, null, 'x', '2026-12-24', 15, 'yes']);
  expect(second).toEqual(['c']);
  expect(await readYaml('# nothing\n')).toEqual([]);
});
