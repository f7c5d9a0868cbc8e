import fc from 'fast-check';
import type { Contract, Schema } from '../contract.js';

const MAX_DEPTH = 6;
const MAX_ITEMS = 4;

/** What a random text hardly ever is, by the name of its member: without these most requests end at the first check. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  expression: [
    '* * * * *',
    '*/5 * * * *',
    '0 9 * * MON-FRI',
    '0 0 31 2 *',
    '@daily',
    '0 0 L * ?',
    '0 0 12 1 1 ? 2099',
    'H H * * *',
  ],
  rule: [
    'FREQ=DAILY',
    'FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU',
    'FREQ=MONTHLY;BYDAY=-1FR;COUNT=5',
    'FREQ=YEARLY;BYWEEKNO=53;BYHOUR=2;BYMINUTE=0,30',
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;UNTIL=20991224T000000Z',
    'DTSTART;TZID=Europe/Paris:20260101T090000\nRRULE:FREQ=DAILY\nEXDATE:20260302T090000',
    'FREQ=HOURLY',
  ],
  every: ['PT1S', 'PT15M', '1d', 'P1M', 'P1Y', 'PT24H', 'PT0.5S'],
  at: ['2099-12-24T18:00', '2099-12-24T18:00:00Z', '2001-01-01T00:00:00Z', '2099-03-29T02:30'],
  anchorAt: ['2026-01-01T00:00:00Z', '1970-01-01T00:00:00Z', '2199-01-01T00:00:00.001Z'],
  startAt: ['2026-01-01T00:00', '2030-01-01T00:00:00+14:00'],
  endAt: ['2030-01-01T00:00', '2031-06-01T00:00:00Z', '2000-01-01T00:00'],
  // Before and after the time at which the service stands in the test.
  from: ['2026-02-27T00:00:00Z', '2026-03-01T12:00:00.5Z', '2025-03-30T01:30:00+01:00', '2026-12-24T18:00:00Z'],
  to: ['2026-03-01T00:00:00Z', '2026-03-02T08:00:00Z', '2026-03-02T07:59:59.999Z', '2020-01-01T00:00:00Z'],
  timeZone: ['UTC', 'Europe/Paris', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'europe/paris'],
  jitter: ['PT1S', '5m', 'P1D'],
  url: [
    'https://example.com/hook',
    'http://example.com:8080/?at={{scheduledFor}}',
    'HTTPS://EXAMPLE.COM',
    'https://[2606:4700::1]/',
  ],
  schedule: [
    'FREQ=WEEKLY;BYDAY=MO',
    '@hourly',
    'PT1H',
    '0 9 * * 1',
    '2099-12-24T18:00:00Z',
    'every 15 minutes',
    'every Monday at 9am',
    'every other Tuesday at 8:30 Europe/Paris',
    'in 20 minutes',
    'biweekly',
  ],
  text: ['weekdays at 18:30', 'every 90 minutes', 'tomorrow at noon', 'every day at 9 Europe/Paris', '9 or 10'],
  target: ['https://example.com/hook'],
};

const DURATIONS = ['PT30S', '15m', '1d', 'PT0S', 'P1W', 'P1DT2H', 'PT1M0.5S', 'PT999H'];
const LATEST_MS = Date.parse('2199-12-31T00:00:00Z');

/** Values that a schema of the document allows, as far as the schema says it all. */
export class SchemaValues {
  private readonly known = new Map<string, fc.Arbitrary<unknown>>();

  constructor(private readonly contract: Contract) {}

  valueOf(given: Schema, name = '', depth = 0): fc.Arbitrary<unknown> {
    const reference = given['$ref'];
    if (typeof reference !== 'string') return this.make(given, name, depth);
    const key = `${reference} ${name} ${depth}`;
    const arbitrary = this.known.get(key) ?? this.make(this.contract.resolve(given), name, depth);
    this.known.set(key, arbitrary);
    return arbitrary;
  }

  private make(schema: Schema, name: string, depth: number): fc.Arbitrary<unknown> {
    if ('const' in schema) return fc.constant(schema['const']);
    if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]));
    const plain = this.byType(schema, name, depth);
    if (!('example' in schema)) return plain;
    // What the document shows gets further than what its types allow.
    return fc.oneof(plain, fc.constant(schema['example']), this.nearExample(schema, depth));
  }

  /** The example with one or two members drawn anew: mostly taken, where all drawn at once are mostly refused for one of them. */
  private nearExample(schema: Schema, depth: number): fc.Arbitrary<unknown> {
    const example = schema['example'];
    const members = Object.entries((schema['properties'] ?? {}) as Record<string, Schema>);
    if (typeof example !== 'object' || example === null || members.length === 0) return fc.constant(example);
    const drawn = fc
      .constantFrom(...members)
      .chain(([name, of]) => this.valueOf(of, name, depth + 1).map((value) => ({ [name]: value })));
    return fc
      .array(drawn, { minLength: 1, maxLength: 2 })
      .map((changes) => Object.assign({}, example, ...changes) as unknown);
  }

  private byType(schema: Schema, name: string, depth: number): fc.Arbitrary<unknown> {
    const variants = (schema['anyOf'] ?? schema['oneOf']) as Schema[] | undefined;
    if (variants !== undefined) return fc.oneof(...variants.map((variant) => this.valueOf(variant, name, depth)));
    switch (schema['type']) {
      case 'string':
        return textOf(schema, name);
      case 'integer':
        return fc.integer(boundsOf(schema));
      case 'number':
        return fc.double({ ...boundsOf(schema), noNaN: true });
      case 'boolean':
        return fc.boolean();
      case 'null':
        return fc.constant(null);
      case 'array':
        return this.listOf(schema, name, depth);
      case 'object':
        return this.objectOf(schema, depth);
      default:
        return fc.jsonValue({ maxDepth: 3 });
    }
  }

  private listOf(schema: Schema, name: string, depth: number): fc.Arbitrary<unknown> {
    const least = Number(schema['minItems'] ?? 0);
    const most = Math.min(Number(schema['maxItems'] ?? MAX_ITEMS), Math.max(least, MAX_ITEMS));
    if (depth >= MAX_DEPTH) return fc.constant([]);
    const item = this.valueOf((schema['items'] ?? {}) as Schema, name, depth + 1);
    return fc.array(item, { minLength: least, maxLength: most });
  }

  private objectOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
    const members = Object.entries((schema['properties'] ?? {}) as Record<string, Schema>);
    const required = (schema['required'] ?? []) as string[];
    const wanted = depth >= MAX_DEPTH ? members.filter(([member]) => required.includes(member)) : members;
    const named = fc.record(
      Object.fromEntries(wanted.map(([member, of]) => [member, this.valueOf(of, member, depth + 1)])),
      { requiredKeys: required.filter((member) => wanted.some(([known]) => known === member)) },
    );
    const others = schema['additionalProperties'];
    if (typeof others !== 'object' || others === null || depth >= MAX_DEPTH) return named;
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9._-]{0,20}$/);
    const more = fc.dictionary(name, this.valueOf(others as Schema, '', depth + 1), { maxKeys: 3 });
    return fc.tuple(named, more).map(([one, other]) => ({ ...other, ...one }));
  }
}

function textOf(schema: Schema, name: string): fc.Arbitrary<string> {
  const known = TEXTS[name];
  if (known !== undefined) return fc.constantFrom(...known);
  if (schema['format'] === 'date-time') {
    return fc
      .date({ min: new Date(0), max: new Date(LATEST_MS), noInvalidDate: true })
      .map((date) => date.toISOString());
  }
  if (schema['format'] === 'uuid') return fc.uuid();
  const pattern = schema['pattern'];
  if (typeof pattern === 'string') {
    return pattern.includes('(?') ? fc.constantFrom(...DURATIONS) : fc.stringMatching(new RegExp(pattern, 'u'));
  }
  const minLength = Number(schema['minLength'] ?? 0);
  const maxLength = Math.min(Number(schema['maxLength'] ?? 60), Math.max(minLength, 60));
  return fc.oneof(
    { weight: 4, arbitrary: fc.string({ minLength, maxLength }) },
    { weight: 1, arbitrary: fc.string({ unit: 'grapheme', minLength, maxLength }) },
  );
}

function boundsOf(schema: Schema): { min: number; max: number } {
  const min = Number(schema['minimum'] ?? -1_000_000);
  return { min, max: Math.min(Number(schema['maximum'] ?? 1_000_000), Number.MAX_SAFE_INTEGER) };
}
