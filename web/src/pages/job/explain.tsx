import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { api } from '../../api/client';
import { useShown } from '../../api/queries';
import { Button } from '../../design/button';
import { MomentField } from '../../design/moment';
import { ErrorNote, Panel } from '../../design/panel';
import { Badge, type BadgeTone } from '../../design/status';
import { Instant } from '../../design/time';
import { now } from '../../time/clock';
import { instantOf, localOf } from '../../time/wall';
import { useZone } from '../../time/zone';
import type { Job } from './job-types';

const VERDICTS: Record<string, [word: string, tone: BadgeTone]> = {
  recorded: ['In the ledger', 'ok'],
  willRun: ['Will run', 'busy'],
  paused: ['Paused', 'warn'],
  notPlannedYet: ['Not planned yet', 'busy'],
  noOccurrence: ['Not due then', 'rest'],
  excluded: ['Left out', 'warn'],
  beforeCreated: ['Before it was made', 'rest'],
  completed: ['Completed', 'rest'],
  noLongerKept: ['No longer kept', 'rest'],
  unreadable: ['Unreadable', 'bad'],
  missing: ['Missing', 'bad'],
};

/** "Why did it not run at 03:00?" */
export function Explain({ job }: { job: Job }): ReactNode {
  const zone = useZone(job.schedule.timeZone);
  const [text, setText] = useState(() =>
    localOf(Date.parse(job.lastRunAt ?? job.nextRunAt ?? new Date(now()).toISOString()), zone),
  );
  const [asked, setAsked] = useState<string | null>(null);
  const found = useShown(
    ['job', job.id, 'explain', asked],
    (signal) => api().explainInstant({ id: job.id, at: asked ?? '' }, { signal }),
    { enabled: asked !== null, pollMs: false },
  );
  const [word, tone] = VERDICTS[found.data?.verdict ?? ''] ?? [found.data?.verdict ?? '', 'rest'];
  return (
    <Panel title="Explain an instant">
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          const at = instantOf(text, zone);
          if (at !== null) setAsked(new Date(at).toISOString());
        }}
      >
        <div className="flex flex-wrap items-end gap-2">
          <div className="min-w-0 flex-1 basis-56">
            <MomentField label="Why did it run, or not, at" zone={zone} value={text} onChange={setText} />
          </div>
          <Button type="submit" icon="question" className="shrink-0">
            Explain
          </Button>
        </div>
      </form>
      <div aria-live="polite" className="mt-3 min-h-16 text-sm">
        {found.error !== null && <ErrorNote error={found.error} />}
        {found.data !== undefined && (
          <div className="flex flex-col items-start gap-1.5">
            <Badge tone={tone}>{word}</Badge>
            <p>{found.data.text}</p>
            <p className="text-xs text-ink-faint">
              Before: <Instant at={found.data.previous} jobZone={zone} /> · after:{' '}
              <Instant at={found.data.next} jobZone={zone} />
              {found.data.version !== null && ` · by version ${found.data.version}`}
            </p>
            {found.data.runId !== null && (
              <Link to="/runs/$runId" params={{ runId: found.data.runId }} className="text-accent underline">
                See the run
              </Link>
            )}
          </div>
        )}
      </div>
    </Panel>
  );
}
