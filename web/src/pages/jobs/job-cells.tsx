import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { JOB_LOOKS, Mark, RUN_LOOKS } from '../../design/status';
import { Countdown, Instant, Relative } from '../../design/time';
import type { Job } from './use-job-pages';

export function JobName({ job }: { job: Job }): ReactNode {
  const look = JOB_LOOKS[job.state];
  return (
    <>
      <div className="flex min-w-0 items-center gap-2">
        <span title={look.word} className={`flex ${look.ink}`}>
          <Mark shape={look.shape} />
          <span className="sr-only">{look.word}</span>
        </span>
        {/* The whole row is its link. */}
        <Link
          to="/jobs/$jobId"
          params={{ jobId: job.id }}
          search={{}}
          className="line font-medium outline-offset-2 after:absolute after:inset-0"
        >
          {job.name}
        </Link>
        {job.failureStreak > 1 && (
          <span
            className="shrink-0 text-xs text-bad max-sm:hidden"
            title={`Failed ${job.failureStreak} times in a row`}
          >
            {job.failureStreak}× failed
          </span>
        )}
      </div>
      <div className="line pl-5 text-xs text-ink-faint">
        {job.state === 'paused' && job.pauseNote !== null ? `${job.pauseNote} · ` : ''}
        {job.scheduleText}
      </div>
    </>
  );
}

export function JobLabels({ labels, onPick }: { labels: Job['labels']; onPick: (label: string) => void }): ReactNode {
  return Object.entries(labels).map(([name, value]) => (
    <button
      key={name}
      type="button"
      className="line rounded bg-rest-soft px-1.5 text-2xs/5 text-ink-soft hover:text-ink"
      title={`Only jobs with ${name}:${value}`}
      onClick={() => onPick(`${name}:${value}`)}
    >
      {name}:{value}
    </button>
  ));
}

export function LastRun({ job }: { job: Job }): ReactNode {
  if (job.lastRunAt === null || job.lastRunState === null) return <span className="text-ink-faint">Never ran</span>;
  const look = RUN_LOOKS[job.lastRunState as keyof typeof RUN_LOOKS] as (typeof RUN_LOOKS)['failed'] | undefined;
  return (
    <>
      <div className={`flex items-center gap-1.5 ${look?.ink ?? ''}`}>
        {look !== undefined && <Mark shape={look.shape} />}
        <span className="line">{look?.word ?? job.lastRunState}</span>
      </div>
      <div className="line text-ink-faint">
        <Relative at={job.lastRunAt} />
      </div>
    </>
  );
}

export function NextFire({ job }: { job: Job }): ReactNode {
  const zone = job.schedule.timeZone;
  if (job.state === 'paused') {
    return (
      <>
        <div className="text-sm text-warn">Paused</div>
        <div className="line text-xs text-ink-faint">
          {job.pausedUntil === null ? 'until resumed' : <Instant at={job.pausedUntil} jobZone={zone} short />}
        </div>
      </>
    );
  }
  return (
    <>
      <div className="line text-sm font-medium">
        <Countdown at={job.nextRunAt} />
      </div>
      <div className="line text-xs text-ink-faint">
        <Instant at={job.nextRunAt} jobZone={zone} short />
      </div>
    </>
  );
}
