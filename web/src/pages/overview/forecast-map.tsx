import { useMemo, useState, type ReactNode } from 'react';
import { scaleSqrt } from 'd3-scale';
import type { Forecast } from '../../api/additions';
import { countText, dayOf, fieldsIn, instantText, timeOf, weekdayOf } from '../../time/format';

export interface Grid {
  readonly rows: readonly { readonly at: number; readonly label: string }[];
  readonly columns: number;
  /** `row * columns + column` → fires */
  readonly fires: ReadonlyMap<number, number>;
  readonly of: (at: number) => number | null;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Hours down and minutes across, or days down and hours across, by the clocks of a zone. */
export function gridOf(forecast: Forecast, zone: string): Grid {
  const byMinute = forecast.resolution === 'PT1M';
  const columns = byMinute ? 60 : 24;
  const place = (at: number) => {
    const { hour, minute } = fieldsIn(at, zone);
    return byMinute
      ? { start: at - Number(minute) * MINUTE_MS, column: Number(minute) }
      : { start: Date.parse(dayOf(at, zone)), column: Number(hour) };
  };
  const starts = new Map<number, string>();
  const from = Date.parse(forecast.from);
  for (let at = from; at < Date.parse(forecast.to); at += byMinute ? HOUR_MS / 2 : HOUR_MS * 6) {
    starts.set(
      place(at).start,
      byMinute ? timeOf(place(at).start, zone, false) : `${weekdayOf(at, zone)} ${dayOf(at, zone).slice(8)}`,
    );
  }
  const rows = [...starts].sort(([a], [b]) => a - b).map(([at, label]) => ({ at, label }));
  const index = new Map(rows.map(({ at }, row) => [at, row]));
  const of = (at: number) => {
    const { start, column } = place(at);
    const row = index.get(start);
    return row === undefined ? null : row * columns + column;
  };
  const fires = new Map<number, number>();
  for (const cell of forecast.cells) {
    const key = of(Date.parse(cell.at));
    if (key !== null) fires.set(key, (fires.get(key) ?? 0) + cell.fires);
  }
  return { rows, columns, fires, of };
}

const STEPS = 5;
const STRENGTHS = [0.14, 0.3, 0.5, 0.74, 1];
const ROW = 12;
const CELL = 12;
const LEFT = 44;
const TOP = 14;

/** The load to come as a heat map; the crowded minutes are ringed. */
export function ForecastMap({ forecast, zone }: { forecast: Forecast; zone: string }): ReactNode {
  const grid = useMemo(() => gridOf(forecast, zone), [forecast, zone]);
  const [pointed, setPointed] = useState<number | null>(null);
  const most = Math.max(1, ...grid.fires.values());
  const step = scaleSqrt().domain([0, most]).range([0, STEPS]).clamp(true);
  const cell = grid.columns === 24 ? CELL * 2.5 : CELL;
  const width = LEFT + grid.columns * cell;
  const height = TOP + grid.rows.length * ROW;
  const paths = Array.from({ length: STEPS }, () => '');
  for (const [key, fires] of grid.fires) {
    const strength = Math.min(STEPS - 1, Math.floor(step(fires)));
    const [x, y] = corner(key, grid.columns, cell);
    paths[strength] += `M${x + 0.5} ${y + 0.5}h${cell - 1}v${ROW - 1}h${1 - cell}z`;
  }
  const crowded = forecast.crowded.flatMap(({ at }) => grid.of(Date.parse(at)) ?? []);
  return (
    <div className="min-w-0">
      <p className="flex h-6 items-center justify-between gap-2 text-xs text-ink-soft" aria-live="off">
        <span className="line">{pointed === null ? <Scale most={most} /> : textOf(pointed, grid, zone)}</span>
      </p>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Load forecast">
        <svg
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label={`Fires by ${grid.columns === 60 ? 'minute and hour' : 'hour and day'}: ${countText(forecast.total)} in all, ${countText(most)} in the fullest`}
          className="block w-full min-w-[34rem]"
          onPointerMove={(event) => setPointed(pointedCell(event, grid, width, cell))}
          onPointerLeave={() => setPointed(null)}
        >
          {columnLabels(grid.columns).map((column) => (
            <text key={column} x={LEFT + column * cell} y={9} fontSize="9" fill="var(--ink-faint)">
              {grid.columns === 60 ? `:${String(column).padStart(2, '0')}` : `${String(column).padStart(2, '0')}:00`}
            </text>
          ))}
          {grid.rows.map(({ at, label }, row) => (
            <text key={at} x={LEFT - 6} y={TOP + row * ROW + 9.5} fontSize="9" textAnchor="end" fill="var(--ink-faint)">
              {label}
            </text>
          ))}
          <rect x={LEFT} y={TOP} width={grid.columns * cell} height={grid.rows.length * ROW} fill="var(--sunken)" />
          {paths.map((path, strength) => (
            <path key={strength} d={path} fill="var(--accent)" opacity={STRENGTHS[strength]} />
          ))}
          {crowded.map((key) => {
            const [x, y] = corner(key, grid.columns, cell);
            return (
              <rect
                key={key}
                x={x - 1}
                y={y - 1}
                width={cell + 2}
                height={ROW + 2}
                rx="2"
                fill="none"
                stroke="var(--bad)"
                strokeWidth="1.5"
              />
            );
          })}
        </svg>
      </div>
    </div>
  );
}

function Scale({ most }: { most: number }): ReactNode {
  return (
    <span className="inline-flex items-center gap-1.5">
      none
      <svg width={STEPS * 14} height="10" aria-hidden="true">
        {STRENGTHS.map((strength, index) => (
          <rect key={strength} x={index * 14} width="12" height="10" rx="2" fill="var(--accent)" opacity={strength} />
        ))}
      </svg>
      {countText(most)} fires · ringed: crowded
    </span>
  );
}

function corner(key: number, columns: number, cell: number): [number, number] {
  return [LEFT + (key % columns) * cell, TOP + Math.floor(key / columns) * ROW];
}

function columnLabels(columns: number): number[] {
  return columns === 60 ? [0, 10, 20, 30, 40, 50] : [0, 4, 8, 12, 16, 20];
}

function pointedCell(
  event: { clientX: number; clientY: number; currentTarget: SVGSVGElement },
  grid: Grid,
  width: number,
  cell: number,
): number | null {
  const box = event.currentTarget.getBoundingClientRect();
  const scale = width / box.width;
  const column = Math.floor(((event.clientX - box.left) * scale - LEFT) / cell);
  const row = Math.floor(((event.clientY - box.top) * scale - TOP) / ROW);
  if (column < 0 || column >= grid.columns || row < 0 || row >= grid.rows.length) return null;
  return row * grid.columns + column;
}

function textOf(key: number, grid: Grid, zone: string): string {
  const row = grid.rows[Math.floor(key / grid.columns)];
  const column = key % grid.columns;
  const fires = grid.fires.get(key) ?? 0;
  const when =
    grid.columns === 60
      ? instantText((row?.at ?? 0) + column * MINUTE_MS, zone, { seconds: false })
      : `${row?.label ?? ''} ${String(column).padStart(2, '0')}:00`;
  return `${when}: ${fires === 0 ? 'nothing fires' : `${countText(fires)} ${fires === 1 ? 'fire' : 'fires'}`}`;
}
