import { useQueries } from '@tanstack/react-query';
import { api, type Schemas } from '../../api/client';
import { daysOfEvent, type Much } from './left-out';

/** More rules than these are not asked for. */
const MOST_RULES = 40;
const DAY_MS = 86_400_000;

interface Rule {
  readonly rule: string;
  readonly startAt: string;
  /** What one occurrence leaves out, from its first day on. */
  readonly days: readonly Much[];
  readonly except: readonly string[];
}

/** The days that rules leave out in a year: the service reads them, as it does when it plans. */
export function useRuledDays(
  calendar: Schemas['Calendar'],
  year: number,
): { days: [string, Much][]; complete: boolean } {
  const rules = rulesOf(calendar);
  const results = useQueries({
    queries: rules.slice(0, MOST_RULES).map((rule) => ({
      queryKey: ['ruled-days', year, rule],
      queryFn: ({ signal }: { signal: AbortSignal }) => daysOf(rule, year, signal),
      staleTime: Infinity,
      retry: false,
    })),
  });
  return {
    days: results.flatMap(({ data }) => data ?? []),
    complete: rules.length <= MOST_RULES && results.every(({ isError }) => !isError),
  };
}

function rulesOf({ rules, events }: Schemas['Calendar']): Rule[] {
  return [
    ...rules.map(({ rule, startAt }) => ({ rule, startAt, days: ['whole' as const], except: [] })),
    ...events.flatMap((event): Rule[] => {
      if (event.rule === undefined) return [];
      const startAt = event.start.slice(0, 10);
      const days = daysOfEvent(event).map(([, much]) => much);
      return [{ rule: event.rule, startAt, days, except: event.exdates ?? [] }];
    }),
  ];
}

async function daysOf(rule: Rule, year: number, signal: AbortSignal): Promise<[string, Much][]> {
  const { occurrences } = await api().previewSchedule(
    {
      body: {
        schedule: {
          ...{ type: 'rrule' as const, rule: rule.rule.replace(/^RRULE:/i, '') },
          ...{ startAt: `${rule.startAt}T00:00`, timeZone: 'UTC' },
        },
        // From before the year, for what begins there and reaches into it.
        from: `${year - 1}-12-01T00:00:00Z`,
        until: `${year}-12-31T23:59:59Z`,
        count: 400,
      },
    },
    { signal },
  );
  const except = new Set(rule.except.map((day) => day.slice(0, 10)));
  return occurrences
    .map(({ local }) => local.slice(0, 10))
    .filter((day) => !except.has(day))
    .flatMap((day) =>
      rule.days.map((much, index): [string, Much] => [
        new Date(Date.parse(day) + index * DAY_MS).toISOString().slice(0, 10),
        much,
      ]),
    );
}
