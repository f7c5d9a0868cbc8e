import fc from 'fast-check';

/** Texts that have broken services: bounds, other scripts, ways out of a string, words of the language underneath. */
export const ODD_TEXTS: readonly string[] = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udfff\ud800',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'undefined',
  'NaN',
  '-0',
  '../../etc/passwd',
  '%00',
  '%',
  "' OR 1=1 --",
  '"; DROP TABLE jobs; --',
  '$1',
  '{{runId}}',
  '{{',
  '${7*7}',
  '<script>alert(1)</script>',
  'a\r\nx-injected: y',
  'x'.repeat(201),
  'x'.repeat(2_001),
  'x'.repeat(10_001),
  '👩‍👩‍👧‍👦'.repeat(30),
  'é',
  'e\u0301',
  '\u202eabc',
  '٣',
  'İ',
  '１２',
  '2026-02-30T00:00:00Z',
  '9999-12-31T23:59:59.999Z',
  '+275760-09-13T00:00:00Z',
  '0000-01-01T00:00:00Z',
  '1969-12-31T23:59:59Z',
  '2026-06-30T23:59:60Z',
  'P99999999999Y',
  'PT0S',
  '-PT1S',
  'R/PT1S',
  'PT1H1',
  '0 0 30 2 *',
  '* * * * * * * *',
  '99 * * * *',
  '*/0 * * * *',
  'FREQ=SECONDLY',
  'FREQ=DAILY;COUNT=0',
  'Etc/Unknown',
  'UTC\0',
  '../UTC',
  'http://127.0.0.1:5432/',
  'http://[::1]/',
  'http://169.254.169.254/',
  'https://user:pass@example.com/',
  'javascript:alert(1)',
  'http://0x7f.1/',
  '1e999',
  '9223372036854775808',
  'true',
  '[]',
  '{}',
];

const ODD_VALUES: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e21,
    -1e308,
    Number.MAX_SAFE_INTEGER + 2,
    2_147_483_648,
    [],
    {},
    [[]],
    [null],
    { '': '' },
  ],
  ...[{ type: 'cron' }, { type: 'none' }, { value: 1, secret: true }, { secret: false }],
];

/** One way in which a valid value is spoilt: where (any number: it is taken by the places there are), how, and with what. */
export interface Spoiling {
  readonly place: number;
  readonly how: 'drop' | 'replace' | 'add' | 'wrap' | 'double';
  readonly value: unknown;
}

export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...ODD_TEXTS),
  fc.constantFrom(...ODD_VALUES),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.jsonValue({ maxDepth: 2 }),
);

export const spoiling: fc.Arbitrary<Spoiling> = fc.record({
  place: fc.nat(10_000),
  how: fc.constantFrom('drop', 'replace', 'replace', 'replace', 'add', 'wrap', 'double'),
  value: oddValue,
});

type Place = { readonly parent: Record<string, unknown> | unknown[]; readonly key: string | number };

/** A copy of the value with one member dropped, replaced, added, wrapped or doubled. */
export function spoil(value: unknown, { place, how, value: odd }: Spoiling): unknown {
  const root: { value: unknown } = { value: structuredClone(value) };
  const places = placesIn(root);
  const at = places[place % places.length];
  if (at === undefined) return odd;
  const { parent, key } = at as { parent: Record<string | number, unknown>; key: string | number };
  const present = parent[key];
  if (how === 'drop' && places.length > 1) {
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else Reflect.deleteProperty(parent, key);
  } else if (how === 'add' && typeof present === 'object' && present !== null && !Array.isArray(present)) {
    define(present, typeof odd === 'string' ? odd : 'surprise', odd);
  } else if (how === 'wrap') parent[key] = [present];
  else if (how === 'double' && Array.isArray(present))
    parent[key] = [...(present as unknown[]), ...(present as unknown[])];
  else parent[key] = odd;
  return root.value;
}

function placesIn(root: Record<string, unknown>): Place[] {
  const places: Place[] = [];
  const walk = (parent: Place['parent']): void => {
    for (const [key, child] of Object.entries(parent)) {
      places.push({ parent, key: Array.isArray(parent) ? Number(key) : key });
      if (typeof child === 'object' && child !== null) walk(child as Record<string, unknown>);
    }
  };
  walk(root);
  return places;
}

/** `__proto__` too becomes a member, as it does from JSON. */
function define(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}
