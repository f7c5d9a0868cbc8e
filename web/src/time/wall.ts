import { fieldsIn } from './format';

/** The instant at which clocks in a zone show this; in a gap the one after it, twice-shown times the first. Null: no date. */
export function instantOf(local: string, zone: string): number | null {
  const wall = Date.parse(`${local.length === 16 ? `${local}:00` : local}Z`);
  if (Number.isNaN(wall)) return null;
  // The zone's offset a day before and after: one of the two holds at the time itself.
  const candidates = [-86_400_000, 86_400_000].map((shift) => wall - offsetMs(wall + shift, zone));
  const exact = candidates.filter((at) => wallOf(at, zone) === wall);
  return exact.length > 0 ? Math.min(...exact) : Math.max(...candidates);
}

/** What clocks in a zone show at an instant, as `datetime-local` takes it. */
export function localOf(at: number, zone: string): string {
  return new Date(wallOf(at, zone)).toISOString().slice(0, 19);
}

function wallOf(at: number, zone: string): number {
  const { year, month, day, hour, minute, second } = fieldsIn(at, zone);
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

function offsetMs(at: number, zone: string): number {
  return wallOf(at, zone) - Math.floor(at / 1_000) * 1_000;
}
