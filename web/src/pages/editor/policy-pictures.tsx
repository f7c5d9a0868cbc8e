import type { ReactNode } from 'react';

/** Due times are ticks below; runs are bars above. */
export function Due({ at, missed = false }: { at: number; missed?: boolean }): ReactNode {
  return (
    <path
      d={`M${at} 29v4`}
      stroke={missed ? 'var(--ink-faint)' : 'var(--ink)'}
      strokeWidth="1.5"
      strokeDasharray={missed ? '1 1.5' : undefined}
    />
  );
}

export function Bar({
  x,
  w,
  y = 18,
  look = 'ran',
}: {
  x: number;
  w: number;
  y?: number;
  look?: 'ran' | 'cut' | 'wait' | 'none' | 'bad';
}): ReactNode {
  if (look === 'wait' || look === 'none') {
    return (
      <rect
        x={x + 0.5}
        y={y + 0.5}
        width={w - 1}
        height="7"
        rx="1.5"
        fill="none"
        stroke={look === 'wait' ? 'var(--held)' : 'var(--line-strong)'}
        strokeDasharray="2 2"
      />
    );
  }
  const fill = { ran: 'var(--busy)', cut: 'var(--rest)', bad: 'var(--bad)' }[look];
  return (
    <>
      <rect x={x} y={y} width={w} height="8" rx="1.5" fill={fill} />
      {look === 'cut' && <path d={`M${x + w} ${y - 2}v12`} stroke="var(--bad)" strokeWidth="1.5" />}
      {look === 'bad' && <path d={`M${x + 2} ${y + 2}l4 4m0-4l-4 4`} stroke="var(--surface)" strokeWidth="1.2" />}
    </>
  );
}

export const BASE = <path d="M0 31h120" stroke="var(--line-strong)" />;

export function RetryPicture({ maxAttempts, backoff }: { maxAttempts: number; backoff: string }): ReactNode {
  const shown = Math.min(6, maxAttempts);
  const starts: number[] = [4];
  for (let attempt = 1; attempt < shown; attempt += 1) {
    const wait = { exponential: 10 * 2 ** (attempt - 1), linear: 12 * attempt, fixed: 18 }[backoff] ?? 18;
    starts.push((starts[attempt - 1] ?? 0) + 12 + wait);
  }
  const width = (starts.at(-1) ?? 0) + 40;
  return (
    <svg viewBox={`0 0 ${width} 34`} className="h-9 max-w-full self-start" aria-hidden="true">
      <path d={`M0 31h${width}`} stroke="var(--line-strong)" />
      <Due at={4} />
      {starts.map((x, index) => (
        <Bar key={x} x={x} w={10} look={index === starts.length - 1 ? 'ran' : 'bad'} />
      ))}
    </svg>
  );
}
