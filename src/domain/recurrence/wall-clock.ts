import { formatLocal } from './instants.js';
import type { DstPolicy, Instant } from './schedule.js';
import type { Zone } from './zone.js';

export type ResolvedDst = Required<DstPolicy>;

export const DEFAULT_DST: ResolvedDst = { gap: 'after', overlap: 'first' };

export function resolveDst(dst: DstPolicy | undefined): ResolvedDst {
  return { ...DEFAULT_DST, ...dst };
}

/**
 * The instants at which a wall-clock time fires, ascending: one, none in a gap that is skipped, or two in an overlap
 * that runs both. In a gap `after` gives the first instant after it.
 */
export function instantsOf(zone: Zone, localMs: number, dst: ResolvedDst): Instant[] {
  const { earliest, latest, gap } = zone.resolve(localMs);
  if (earliest === null || latest === null) return gap === null || dst.gap === 'skip' ? [] : [gap.at];
  if (earliest === latest || dst.overlap === 'first') return [earliest];
  return dst.overlap === 'second' ? [latest] : [earliest, latest];
}

/** Explains an occurrence of a wall-clock time that does not exist or occurs twice; null for ordinary ones. */
export function noteOf(zone: Zone, wantedLocalMs: number, scheduledFor: Instant): string | null {
  const { gap, overlap } = zone.resolve(wantedLocalMs);
  if (gap !== null) return `moved: ${clockText(wantedLocalMs, scheduledFor + gap.afterMs)} does not exist`;
  if (overlap === null) return null;
  const pass = scheduledFor < overlap.at ? 'first' : 'second';
  return `${pass} of two: ${clockText(wantedLocalMs, wantedLocalMs)} occurs twice`;
}

/** `02:30`, with seconds when there are any and with the date when it differs from that of `nearLocalMs`. */
export function clockText(localMs: number, nearLocalMs: number): string {
  const text = formatLocal(localMs);
  const time = text.endsWith(':00') ? text.slice(11, 16) : text.slice(11);
  const isSameDay = text.slice(0, 10) === formatLocal(nearLocalMs).slice(0, 10);
  return isSameDay ? time : `${text.slice(0, 10)} ${time}`;
}
