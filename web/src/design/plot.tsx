import { useEffect, useRef, useSyncExternalStore, type ReactNode } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { dayOf, instantText, timeOf } from '../time/format';

export interface Series {
  readonly label: string;
  /** A token: `--ok`. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  readonly dash?: readonly number[];
  readonly fill?: boolean;
}

/** Dense series over time. `at` in milliseconds. The figures are also given in words by whoever shows it. */
export function Plot({
  at,
  series,
  height = 160,
  format,
  zone,
  label,
}: {
  at: readonly number[];
  series: readonly Series[];
  height?: number;
  format: (value: number) => string;
  zone: string;
  label: string;
}): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const latest = useRef({ at, series });
  useEffect(() => {
    latest.current = { at, series };
    plot.current?.setData(dataOf(at, series));
  }, [at, series]);
  // Drawn anew only when its looks change; new values go into what is there.
  const looks = JSON.stringify(series.map(({ values: _, ...look }) => look));
  const theme = useTheme();
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const { at, series } = latest.current;
    const made = new uPlot(optionsFor(element, series, { height, format, zone }), dataOf(at, series), element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [looks, height, format, zone, theme]);
  return (
    <div
      ref={box}
      role="img"
      aria-label={label}
      className="plot min-w-0 overflow-hidden"
      style={{ minHeight: height + 26 }}
    />
  );
}

function dataOf(at: readonly number[], series: readonly Series[]): uPlot.AlignedData {
  return [at.map((ms) => ms / 1_000), ...series.map(({ values }) => [...values])];
}

function optionsFor(
  element: HTMLElement,
  series: readonly Series[],
  { height, format, zone }: { height: number; format: (value: number) => string; zone: string },
): uPlot.Options {
  const colour = (token: string) => canvasColour(element, `var(${token})`);
  const axis = {
    stroke: colour('--ink-faint'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: `11px ${getComputedStyle(element).fontFamily}`,
  };
  return {
    width: element.clientWidth,
    height,
    padding: [8, 8, 0, 0],
    cursor: { points: { size: 6 }, y: false, drag: { x: false, y: false } },
    axes: [
      { ...axis, space: 64, values: (_, ticks) => timeLabels(ticks, zone) },
      { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => format(tick)) },
    ],
    scales: { y: { range: (_, _low, high) => [0, Math.max(high ?? 0, 1) * 1.08] } },
    series: [
      {
        label: 'At',
        value: (_, seconds: number | null) => (seconds === null ? '–' : instantText(seconds * 1_000, zone)),
      },
      ...series.map(({ label, colour: token, dash, fill }) => ({
        label,
        stroke: colour(token),
        width: 1.5,
        ...(dash !== undefined && { dash: [...dash] }),
        ...(fill === true && { fill: canvasColour(element, `color-mix(in srgb, var(${token}) 14%, transparent)`) }),
        points: { show: false },
        value: (_: uPlot, value: number | null) => (value === null ? '–' : format(value)),
      })),
    ],
  };
}

/** Days where the day changes, times of day else. */
function timeLabels(ticks: readonly number[], zone: string): string[] {
  const seconds = (ticks[1] ?? 0) - (ticks[0] ?? 0) < 60;
  let before = '';
  return ticks.map((tick) => {
    const day = dayOf(tick * 1_000, zone);
    const isNew = before !== '' && day !== before;
    before = day;
    return isNew || (ticks[1] ?? 0) - (ticks[0] ?? 0) >= 86_400 ? day.slice(5) : timeOf(tick * 1_000, zone, seconds);
  });
}

function useTheme(): string {
  return useSyncExternalStore(
    (tell) => {
      const media = matchMedia('(prefers-color-scheme: dark)');
      const observer = new MutationObserver(tell);
      observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
      media.addEventListener('change', tell);
      return () => {
        observer.disconnect();
        media.removeEventListener('change', tell);
      };
    },
    () => getComputedStyle(document.documentElement).getPropertyValue('color'),
  );
}

/** Canvas does not know `light-dark()` and variables: what the browser makes of them it does. */
function canvasColour(element: HTMLElement, value: string): string {
  const probe = document.createElement('span');
  probe.style.color = value;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
