import { useState, type ReactNode } from 'react';
import type { Schemas } from '../../api/client';
import { IconButton } from '../../design/button';
import { Panel } from '../../design/panel';
import { now } from '../../time/clock';
import { dayOf } from '../../time/format';
import { useZone } from '../../time/zone';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAY_MS = 86_400_000;
const CELL = 11;

/** The days of a year that are left out, as they stand in the calendar; those of rules and events are not drawn. */
export function YearView({ calendar }: { calendar: Schemas['Calendar'] }): ReactNode {
  const zone = useZone();
  const today = dayOf(now(), zone);
  const [year, setYear] = useState(Number(today.slice(0, 4)));
  const out = new Set(calendar.dates);
  for (const { from, to } of calendar.ranges) {
    for (let at = Date.parse(from); at <= Date.parse(to); at += DAY_MS)
      out.add(new Date(at).toISOString().slice(0, 10));
  }
  const count = [...out].filter((day) => day.startsWith(String(year))).length;
  const more = calendar.rules.length + calendar.events.length + calendar.windows.length;
  return (
    <Panel
      title={year}
      note={`${count} days left out${more > 0 ? '; hours, rules and events are not drawn' : ''}`}
      actions={
        <>
          <IconButton icon="left" label="The year before" small onClick={() => setYear(year - 1)} />
          <IconButton icon="right" label="The year after" small onClick={() => setYear(year + 1)} />
        </>
      }
    >
      <div className="grid grid-cols-3 grid-cols-1 gap-4 sm:grid-cols-4 lg:grid-cols-6 2xl:grid-cols-12">
        {MONTHS.map((name, month) => (
          <Month key={name} name={name} year={year} month={month} out={out} today={today} />
        ))}
      </div>
    </Panel>
  );
}

function Month({
  name,
  year,
  month,
  out,
  today,
}: {
  name: string;
  year: number;
  month: number;
  out: ReadonlySet<string>;
  today: string;
}): ReactNode {
  const first = new Date(Date.UTC(year, month, 1));
  const lead = (first.getUTCDay() + 6) % 7;
  const length = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const days = Array.from({ length }, (_, index) => {
    const day = new Date(Date.UTC(year, month, index + 1)).toISOString().slice(0, 10);
    return { day, x: ((lead + index) % 7) * CELL, y: Math.floor((lead + index) / 7) * CELL };
  });
  const left = days.filter(({ day }) => out.has(day)).map(({ day }) => day.slice(8));
  return (
    <figure className="min-w-0">
      <figcaption className="pb-1 text-xs text-ink-soft">{name}</figcaption>
      <svg
        viewBox={`0 0 ${7 * CELL} ${6 * CELL}`}
        role="img"
        aria-label={`${name}: ${left.length === 0 ? 'no day left out' : `left out ${left.join(', ')}`}`}
        className="block w-full max-w-28"
      >
        {days.map(({ day, x, y }) => (
          <g key={day}>
            <rect
              x={x + 0.5}
              y={y + 0.5}
              width={CELL - 1.5}
              height={CELL - 1.5}
              rx="2"
              fill={out.has(day) ? 'var(--bad)' : 'var(--rest-soft)'}
              stroke={day === today ? 'var(--ink)' : 'none'}
            >
              <title>{day}</title>
            </rect>
            {out.has(day) && (
              <path d={`M${x + 3} ${y + 3}l${CELL - 6.5} ${CELL - 6.5}`} stroke="var(--surface)" strokeWidth="1.2" />
            )}
          </g>
        ))}
      </svg>
    </figure>
  );
}
