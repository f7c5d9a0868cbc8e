import { scaleLinear } from 'd3-scale';
import { Fragment, type ReactNode } from 'react';
import type { Run, TimedAttempt } from '../../api/run-additions';
import { Mark } from '../../design/status';
import { Instant } from '../../design/time';
import { useWidth } from '../../design/use-width';
import { durationText } from '../../time/format';
import { phasesOf, spanOf, type Phase } from './phases';

const OUTCOMES = {
  succeeded: { shape: 'disc', ink: 'text-ok', word: 'Succeeded' },
  failed: { shape: 'cross', ink: 'text-bad', word: 'Failed' },
  timedOut: { shape: 'half', ink: 'text-bad', word: 'Timed out' },
  cancelled: { shape: 'square', ink: 'text-rest', word: 'Cancelled' },
  lost: { shape: 'ring', ink: 'text-warn', word: 'Lost its worker' },
} as const;

const BAR = 16;

/** Each attempt as a bar of what it spent its time on, all on one scale. */
export function Waterfall({ run }: { run: Run }): ReactNode {
  const [box, width] = useWidth<HTMLDivElement>();
  const attempts = run.attempts as readonly TimedAttempt[];
  const phases = attempts.map(phasesOf);
  const span = spanOf(phases);
  const scale = scaleLinear()
    .domain([span.from, span.to])
    .range([0, Math.max(width, 1)]);
  const ticks = scale.ticks(Math.max(2, Math.floor(width / 110)));
  return (
    <div>
      <div className="px-4 pb-1">
        <div ref={box} className="relative h-4 text-2xs text-ink-faint" aria-hidden="true">
          {ticks.map((tick) => {
            const x = scale(tick);
            return (
              x > 12 &&
              x < width - 12 && (
                <span key={tick} className="absolute -translate-x-1/2 whitespace-nowrap" style={{ left: x }}>
                  {tick < 0 ? `−${durationText(-tick)}` : durationText(tick)}
                </span>
              )
            );
          })}
        </div>
      </div>
      <ol className="divide-y divide-line border-t border-line">
        {attempts.map((attempt, index) => (
          <Fragment key={attempt.number}>
            {index > 0 && <Pause before={attempts[index - 1]} after={attempt} />}
            <li className="flex flex-col gap-1.5 px-4 py-2.5">
              <Head attempt={attempt} />
              <svg
                width={width}
                height={BAR + 4}
                role="img"
                aria-label={`Attempt ${attempt.number}: ${wordsOf(phases[index] ?? [])}`}
                className="block"
              >
                {ticks.map((tick) => (
                  <line key={tick} x1={scale(tick)} x2={scale(tick)} y1="0" y2={BAR + 4} stroke="var(--line)" />
                ))}
                {(phases[index] ?? []).map((phase) => (
                  <rect
                    key={phase.name}
                    x={scale(phase.from)}
                    y={2}
                    width={Math.max(1.5, scale(phase.to) - scale(phase.from) - 0.5)}
                    height={BAR}
                    rx={2}
                    fill={phase.colour}
                    opacity={0.8}
                  >
                    <title>{`${phase.name} (${phase.why}): ${durationText(phase.to - phase.from)}`}</title>
                  </rect>
                ))}
              </svg>
              <Figures phases={phases[index] ?? []} />
              {attempt.error !== null && (
                <p className="text-sm break-words text-bad">
                  {attempt.error.message} <span className="font-mono text-xs">({attempt.error.code})</span>
                </p>
              )}
            </li>
          </Fragment>
        ))}
      </ol>
    </div>
  );
}

function Head({ attempt }: { attempt: TimedAttempt }): ReactNode {
  const look = OUTCOMES[attempt.outcome];
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-0.5 text-sm">
      <h3 className="font-medium">Attempt {attempt.number}</h3>
      <span className={`inline-flex items-center gap-1.5 ${look.ink}`}>
        <Mark shape={look.shape} />
        {look.word}
      </span>
      {attempt.status !== null && <span>HTTP {attempt.status}</span>}
      <span className="text-ink-soft">
        <Instant at={attempt.startedAt} />
      </span>
      <span className="ml-auto font-medium">{durationText(attempt.durationMs)}</span>
    </div>
  );
}

/** What the colours mean, with the figures. */
function Figures({ phases }: { phases: readonly Phase[] }): ReactNode {
  return (
    <ul className="flex flex-wrap gap-x-4 gap-y-0.5 text-xs text-ink-soft">
      {phases.map(({ name, why, colour, from, to }) => (
        <li key={name} className="inline-flex items-center gap-1.5" title={why}>
          <svg width="8" height="8" aria-hidden="true">
            <rect width="8" height="8" rx="2" fill={colour} opacity="0.8" />
          </svg>
          {name} <span className="text-ink">{durationText(to - from)}</span>
        </li>
      ))}
    </ul>
  );
}

function Pause({ before, after }: { before: TimedAttempt | undefined; after: TimedAttempt }): ReactNode {
  if (before === undefined) return null;
  const waited = Date.parse(after.startedAt) - Date.parse(before.startedAt) - (before.durationMs ?? 0);
  return (
    <li className="bg-sunken px-4 py-1 text-xs text-ink-soft">
      {durationText(Math.max(0, waited))} until the next attempt
    </li>
  );
}

function wordsOf(phases: readonly Phase[]): string {
  return phases.map(({ name, from, to }) => `${name} ${durationText(to - from)}`).join(', ');
}
