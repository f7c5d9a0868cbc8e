import type { Instant, Schedule } from './schedule.js';

export interface PreviewedOccurrence {
  scheduledFor: string;
  local: string;
  note?: string;
}

export interface SchedulePreview {
  text: string;
  occurrences: PreviewedOccurrence[];
  warnings: string[];
}

export interface PreviewOptions {
  seed: string;
  /** Exclusive. */
  from: Instant;
  count: number;
  /** Inclusive. */
  until?: Instant;
}

export function previewSchedule(schedule: Schedule, options: PreviewOptions): SchedulePreview {
  throw new Error(`not built yet: ${schedule.type} ${options.seed}`);
}
