import type { Instant } from '../recurrence/schedule.js';

export const ATTENTION_KINDS = [
  ...(['jobFailing', 'jobOverdue', 'jobParked', 'pauseEnds', 'targetFailing', 'crowdedMinute'] as const),
  ...(['degraded', 'auditFinding'] as const),
] as const;
export const SEVERITIES = ['critical', 'warning', 'info'] as const;

export interface AttentionItem {
  readonly kind: (typeof ATTENTION_KINDS)[number];
  readonly severity: (typeof SEVERITIES)[number];
  readonly jobId: string | null;
  readonly host: string | null;
  readonly detail: string;
  readonly since: Instant | null;
}

/** What of the last hour decides whether all is on time. */
export interface LastHour {
  readonly runs: number;
  readonly failed: number;
  readonly withinObjective: number;
  readonly p99: number | null;
}

const ITEMS = 50;
/** This much of what starts should start within the objective. */
const ON_TIME_SHARE = 0.99;

export function attentionOf(
  items: readonly AttentionItem[],
  hour: LastHour,
): { onTime: boolean; sentence: string; items: AttentionItem[] } {
  const overdue = items.filter(({ kind }) => kind === 'jobOverdue').length;
  const onTime = overdue === 0 && hour.withinObjective >= ON_TIME_SHARE;
  const bySeverity = [...items].sort(
    (left, right) => SEVERITIES.indexOf(left.severity) - SEVERITIES.indexOf(right.severity),
  );
  return { onTime, sentence: sentenceOf(onTime, overdue, hour), items: bySeverity.slice(0, ITEMS) };
}

function sentenceOf(onTime: boolean, overdue: number, { runs, failed, withinObjective, p99 }: LastHour): string {
  const ended = failed === 0 ? 'none of them failed' : `${failed} of them failed`;
  if (onTime && runs === 0) return 'Everything is on time: nothing was due in the last hour.';
  if (onTime) return `Everything is on time: ${count(runs, 'run')} in the last hour, ${ended}.`;
  if (overdue > 0) {
    const jobs =
      overdue >= OVERDUE_COUNTED
        ? `${OVERDUE_COUNTED} jobs or more are`
        : `${count(overdue, 'job')} ${overdue === 1 ? 'is' : 'are'}`;
    return `${jobs} overdue; ${count(runs, 'run')} in the last hour, ${ended}.`;
  }
  const late = Math.round((1 - withinObjective) * runs);
  return `Runs start late: about ${late} of ${count(runs, 'run')} in the last hour by more than a second, the slowest percent by ${p99 ?? 0} ms.`;
}

/** At most so many are looked for. */
export const OVERDUE_COUNTED = 20;

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
