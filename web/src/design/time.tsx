import type { ReactNode } from 'react';
import { now, useNow } from '../time/clock';
import { dayOf, instantText, offsetOf, relativeText, spanText, timeOf } from '../time/format';
import { useZone } from '../time/zone';

/** An instant in the zone that is chosen; `jobZone` is what "the job's" means here. */
export function Instant({
  at,
  jobZone,
  zone,
  seconds = true,
  offset = false,
  short = false,
}: {
  at: string | null | undefined;
  jobZone?: string;
  /** This one, whatever is chosen. */
  zone?: string;
  seconds?: boolean;
  offset?: boolean;
  /** Without what goes without saying: today, this year. */
  short?: boolean;
}): ReactNode {
  const chosen = useZone(jobZone);
  if (at == null) return <span className="text-ink-faint">–</span>;
  const ms = Date.parse(at);
  const shown = zone ?? chosen;
  return (
    <time
      dateTime={at}
      title={`${at}\n${instantText(ms, shown)} ${offsetOf(ms, shown)} ${shown}`}
      className="whitespace-nowrap"
    >
      {short ? shortText(ms, shown) : instantText(ms, shown, { seconds })}
      {offset && <span className="text-ink-faint"> {offsetOf(ms, shown)}</span>}
    </time>
  );
}

/** `in 4m 02s`, `3h 10m ago`, ticking. */
export function Relative({ at }: { at: string | null | undefined }): ReactNode {
  const nowMs = useNow();
  const zone = useZone();
  if (at == null) return <span className="text-ink-faint">–</span>;
  return (
    <time dateTime={at} title={`${instantText(Date.parse(at), zone)} ${zone}`} className="whitespace-nowrap">
      {relativeText(Date.parse(at), nowMs)}
    </time>
  );
}

/** The time left until a fire, in as much room whatever it is. */
export function Countdown({ at }: { at: string | null }): ReactNode {
  const nowMs = useNow();
  if (at === null) return <span className="text-ink-faint">–</span>;
  const left = Date.parse(at) - nowMs;
  return (
    <time dateTime={at} className="whitespace-nowrap">
      {left < -1_000 ? (
        <span className="text-warn">due {spanText(-left)} ago</span>
      ) : left < 1_000 ? (
        'now'
      ) : (
        spanText(left)
      )}
    </time>
  );
}

function shortText(at: number, zone: string): string {
  const [day, today] = [dayOf(at, zone), dayOf(now(), zone)];
  const time = timeOf(at, zone, false);
  if (day === today) return time;
  return day.slice(0, 4) === today.slice(0, 4) ? `${day.slice(5)} ${time}` : day;
}
