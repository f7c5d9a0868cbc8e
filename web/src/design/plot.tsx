import { useEffect, useRef, type ReactNode } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

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
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const style = getComputedStyle(element);
    const colour = (token: string) =>
      canvasColour(element, style.getPropertyValue(token).trim() === '' ? token : `var(${token})`);
    const faint = colour('--ink-faint');
    const grid = { stroke: colour('--line'), width: 1 };
    const axis = { stroke: faint, grid, ticks: { show: false }, font: `11px ${style.fontFamily}` };
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height,
        padding: [8, 8, 0, 0],
        cursor: { points: { size: 6 }, y: false },
        legend: { show: true, live: true },
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone),
        axes: [
          axis,
          { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : format(tick))) },
        ],
        series: [
          { label: 'Time' },
          ...series.map(({ label, colour: token, dash, fill }) => ({
            label,
            stroke: colour(token),
            width: 1.5,
            ...(dash !== undefined && { dash: [...dash] }),
            ...(fill === true && { fill: `color-mix(in srgb, ${colour(token)} 16%, transparent)` }),
            points: { show: at.length < 40, size: 4 },
            value: (_: uPlot, value: number | null) => (value === null ? '–' : format(value)),
            spanGaps: false,
          })),
        ],
      },
      [at.map((ms) => ms / 1_000), ...series.map(({ values }) => [...values])],
      element,
    );
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [at, series, height, format, zone]);
  return <div ref={box} role="img" aria-label={label} className="plot min-w-0" style={{ minHeight: height + 26 }} />;
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
