import { useState, type ReactNode } from 'react';
import type { Schemas } from '../../api/client';
import { IconButton } from '../../design/button';
import { Panel } from '../../design/panel';
import { now } from '../../time/clock';
import { dayOf } from '../../time/format';
import { useZone } from '../../time/zone';
import { leftOutOf, type LeftOut, type Much } from './left-out';
import { useRuledDays } from './use-ruled-days';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const CELL = 11;

/** The days of a year that are left out: as they stand in the calendar, and as its rules have them. */
export function YearView({ calendar }: { calendar: Schemas['Calendar'] }): ReactNode {
  const zone = useZone();
  const today = dayOf(now(), zone);
  const [year, setYear] = useState(Number(today.slice(0, 4)));
  const ruled = useRuledDays(calendar, year);
  const out = leftOutOf(calendar, year, ruled.days);
  const whole = [...out.values()].filter((much) => much === 'whole').length;
  const part = out.size - whole;
  return (
    <Panel
      title={year}
      note={`${whole} ${whole === 1 ? 'day' : 'days'} left out${part > 0 ? `, ${part} in part` : ''}${ruled.complete ? '' : '; not all rules could be drawn'}`}
      actions={
        <>
          <IconButton icon="left" label="The year before" small onClick={() => setYear(year - 1)} />
          <IconButton icon="right" label="The year after" small onClick={() => setYear(year + 1)} />
        </>
      }
    >
      <div className="grid grid-cols-3 gap-4 sm:grid-cols-4 lg:grid-cols-6 2xl:grid-cols-12">
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
  out: LeftOut;
  today: string;
}): ReactNode {
  const first = new Date(Date.UTC(year, month, 1));
  const lead = (first.getUTCDay() + 6) % 7;
  const length = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const days = Array.from({ length }, (_, index) => {
    const day = new Date(Date.UTC(year, month, index + 1)).toISOString().slice(0, 10);
    return { day, x: ((lead + index) % 7) * CELL, y: Math.floor((lead + index) / 7) * CELL };
  });
  const left = (much: Much) => days.flatMap(({ day }) => (out.get(day) === much ? day.slice(8) : [])).join(', ');
  const [whole, part] = [left('whole'), left('part')];
  const words = [whole && `left out ${whole}`, part && `in part ${part}`].filter(Boolean).join('; ');
  return (
    <figure className="min-w-0">
      <figcaption className="pb-1 text-xs text-ink-soft">{name}</figcaption>
      <svg
        viewBox={`0 0 ${7 * CELL} ${6 * CELL}`}
        role="img"
        aria-label={`${name}: ${words || 'no day left out'}`}
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
              fill={out.get(day) === 'whole' ? 'var(--bad)' : 'var(--rest-soft)'}
              stroke={day === today ? 'var(--ink)' : 'none'}
            >
              <title>{out.get(day) === 'part' ? `${day}, some hours` : day}</title>
            </rect>
            {out.get(day) === 'whole' && (
              <path d={`M${x + 3} ${y + 3}l${CELL - 6.5} ${CELL - 6.5}`} stroke="var(--surface)" strokeWidth="1.2" />
            )}
            {/* Some hours: the lower half. */}
            {out.get(day) === 'part' && (
              <path d={`M${x + 1} ${y + CELL - 1}v-4h${CELL - 2.5}v4z`} fill="var(--bad)" pointerEvents="none" />
            )}
          </g>
        ))}
      </svg>
    </figure>
  );
}
