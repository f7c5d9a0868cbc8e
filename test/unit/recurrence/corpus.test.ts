import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatInstant, parseInstant } from '../../../src/domain/recurrence/instants.js';
import { parseSchedule } from '../../../src/domain/recurrence/parse-schedule.js';
import { compileSchedule } from '../../../src/domain/recurrence/recurrence.js';
import { leastCpuMs } from './fastest.js';

interface CorpusEntry {
  id: string;
  kind: string;
  expression: string | null;
  timeZone: string;
  anchorAt?: string;
  startAt?: string;
}
interface NextEntry extends CorpusEntry {
  after: string;
  expect: string[];
  topic: string;
}
interface InvalidEntry extends CorpusEntry {
  expressionRepeat?: { unit: string; times: number; suffix: string };
  level: string;
  why: string;
}

const NOW = Date.UTC(2026, 10, 23);
const LONGEST_REFUSAL_MS = 50;

function read<T>(name: string): T[] {
  return JSON.parse(readFileSync(join(__dirname, 'corpus', name), 'utf8')) as T[];
}

function scheduleInput({ kind, expression, timeZone, anchorAt, startAt }: CorpusEntry): Record<string, unknown> {
  if (kind === 'cron') return { type: 'cron', expression, timeZone };
  if (kind === 'rrule') return { type: 'rrule', rule: expression, timeZone, startAt };
  return { type: 'interval', every: expression, timeZone, anchorAt };
}

const next = read<NextEntry>('next.json');
const invalid = read<InvalidEntry>('invalid.json');
const KINDS = ['cron', 'interval', 'rrule'];

describe('the corpus of next times', () => {
  it('has entries of every kind, and no others', () => {
    expect([...new Set(next.map((entry) => entry.kind))].sort()).toEqual(KINDS);
    expect(next.length).toBeGreaterThanOrEqual(108);
  });

  it.each(next.map((entry) => [`${entry.id} ${entry.expression} ${entry.timeZone} (${entry.topic})`, entry] as const))(
    '%s',
    (_name, entry) => {
      const parsed = parseSchedule(scheduleInput(entry), { now: NOW });
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
      const recurrence = compileSchedule(parsed.schedule, 'seed');
      const found: string[] = [];
      let at = parseInstant(entry.after);
      // One more than expected where the corpus says that the rule never fires.
      while (at !== null && found.length < Math.max(1, entry.expect.length)) {
        at = recurrence.next(at);
        if (at !== null) found.push(formatInstant(at));
      }
      expect(found).toEqual(entry.expect.map((text) => formatInstant(Date.parse(text))));
    },
  );
});

describe('the corpus of refusals', () => {
  it('has entries of every kind, and no others', () => {
    expect([...new Set(invalid.map((entry) => entry.kind))].sort()).toEqual(KINDS);
  });

  it.each(invalid.map((entry) => [`${entry.id} ${entry.why}`, entry] as const))('%s', (_name, entry) => {
    expect(entry.level).toBe('must');
    const repeat = entry.expressionRepeat;
    const expression = repeat === undefined ? entry.expression : repeat.unit.repeat(repeat.times) + repeat.suffix;
    const input = scheduleInput({ ...entry, expression });
    const parsed = parseSchedule(input, { now: NOW });
    const tookMs = leastCpuMs(() => parseSchedule(input, { now: NOW }));
    expect(parsed.ok).toBe(false);
    expect(tookMs).toBeLessThan(LONGEST_REFUSAL_MS);
    const [problem] = parsed.ok ? [] : parsed.problems;
    expect(problem?.pointer).toMatch(/^\/(expression|every|rule|timeZone|anchorAt)$/);
    expect(problem?.detail.length).toBeLessThan(400);
    expect(problem?.detail).toMatch(/^[\x20-\x7e–…]+$/);
  });
});
