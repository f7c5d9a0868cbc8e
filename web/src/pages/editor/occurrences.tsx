import type { ReactNode } from 'react';
import { useNow } from '../../time/clock';
import { instantText, offsetOf, relativeText, weekdayOf } from '../../time/format';
import { MY_ZONE } from '../../time/zone';
import type { Preview } from './use-preview';

/**
 * Due times in the zone of the schedule and, where it is another, in mine; a seam where the clocks change between two, and
 * what a change does to one of them. Always `rows` lines high.
 */
export function Occurrences({
  occurrences,
  zone,
  rows = 5,
  label,
}: {
  occurrences: Preview['occurrences'];
  zone: string;
  rows?: number;
  label: string;
}): ReactNode {
  const nowMs = useNow();
  const other = MY_ZONE !== zone;
  let before: string | undefined;
  return (
    <ol aria-label={label} className="flex flex-col text-sm" style={{ minHeight: `${rows * 2.5}rem` }}>
      {occurrences.slice(0, rows).map(({ scheduledFor, local, note }) => {
        const at = Date.parse(scheduledFor);
        const offset = offsetOf(at, zone);
        const changes = before !== undefined && before !== offset;
        const seam = changes ? `Clocks change: ${before ?? ''} → ${offset}` : undefined;
        before = offset;
        return (
          <li
            key={scheduledFor}
            className={`flex min-h-10 items-center gap-3 border-t py-1 first:border-t-0 ${changes ? 'border-dashed border-warn' : 'border-line'}`}
          >
            <span className="w-9 shrink-0 text-xs text-ink-faint">{weekdayOf(at, zone)}</span>
            <span className="min-w-0 flex-1">
              <time dateTime={scheduledFor} title={local} className="whitespace-nowrap">
                {instantText(at, zone)} <span className="text-xs text-ink-faint">{offset}</span>
              </time>
              {other && <span className="block text-xs text-ink-faint">{instantText(at, MY_ZONE)} here</span>}
              {(note !== undefined || seam !== undefined) && (
                <span className="block text-xs text-warn">
                  {[seam, note].filter((text) => text !== undefined).join(' · ')}
                </span>
              )}
            </span>
            <span className="shrink-0 text-xs text-ink-faint">{relativeText(at, nowMs)}</span>
          </li>
        );
      })}
    </ol>
  );
}
