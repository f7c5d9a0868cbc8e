import { useQuery } from '@tanstack/react-query';
import { useEffect, useState, type ReactNode } from 'react';
import { api, type Schemas } from '../../api/client';
import { ActionDialog } from '../../design/dialog';
import { Field, TextInput } from '../../design/fields';
import { MomentField } from '../../design/moment';
import { ErrorNote } from '../../design/panel';
import { Instant } from '../../design/time';
import { toast } from '../../design/toast';
import { now } from '../../time/clock';
import { useZone } from '../../time/zone';
import { instantOf, localOf } from '../../time/wall';
import { useRefresh } from './use-refresh';
import type { JobDialogProps } from './job-types';

export function BackfillDialog({ job, onClose }: JobDialogProps): ReactNode {
  const zone = useZone(job.schedule.timeZone);
  const [from, setFrom] = useState(() => localOf(now() - 86_400_000, zone));
  const [to, setTo] = useState(() => localOf(now(), zone));
  const [limit, setLimit] = useState('100');
  const refresh = useRefresh(job);
  const [fromAt, toAt] = [instantOf(from, zone), instantOf(to, zone)];
  const body = useLater(
    JSON.stringify({
      from: new Date(fromAt ?? 0).toISOString(),
      to: new Date(toAt ?? 0).toISOString(),
      ...(limit !== '' && { limit: Number(limit) }),
    }),
  );
  const input = JSON.parse(body) as Schemas['BackfillInput'];
  const plan = useQuery({
    queryKey: ['backfill', job.id, body],
    queryFn: ({ signal }) => api().backfillJob({ id: job.id, body: { ...input, dryRun: true } }, { signal }),
    enabled: fromAt !== null && toAt !== null,
    retry: false,
  });
  const planned = plan.data?.planned ?? 0;
  return (
    <ActionDialog
      title={`Backfill ${job.name}`}
      wide
      action={planned === 0 ? 'Nothing to run' : `Run ${planned}`}
      disabled={planned === 0}
      onClose={onClose}
      run={async () => {
        const done = await api().backfillJob({ id: job.id, body: input });
        await refresh();
        toast(`${done.planned} runs are planned.`);
      }}
    >
      <p className="text-sm text-ink-soft">
        Runs what was due between the two and has no run. Each goes out with its own due time.
      </p>
      <div className="grid gap-3 sm:grid-cols-3">
        <MomentField label="From" zone={zone} value={from} onChange={setFrom} />
        <MomentField label="To" zone={zone} value={to} onChange={setTo} />
        <Field label="At most">
          {(ids) => (
            <TextInput
              {...ids}
              inputMode="numeric"
              value={limit}
              onChange={(event) => setLimit(event.target.value.replace(/\D/g, ''))}
            />
          )}
        </Field>
      </div>
      <section aria-label="Plan" className="flex flex-col gap-2">
        <h3 className="text-xs font-medium text-ink-soft">
          {plan.data === undefined
            ? 'The plan'
            : `The plan: ${planned} ${planned === 1 ? 'run' : 'runs'}${plan.data.truncated ? ', and there is more' : ''}`}
        </h3>
        {plan.error !== null ? (
          <ErrorNote error={plan.error} />
        ) : (
          <div
            role="region"
            aria-label="Due times"
            // Scrolls by keyboard too.
            // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
            tabIndex={0}
            className="h-40 overflow-y-auto rounded-md border border-line px-3 py-2 text-sm"
          >
            <ol className="grid gap-x-4 sm:grid-cols-2">
              {(plan.data?.occurrences ?? []).map(({ scheduledFor }) => (
                <li key={scheduledFor}>
                  <Instant at={scheduledFor} zone={zone} />
                </li>
              ))}
              {planned === 0 && plan.data !== undefined && (
                <li className="text-ink-faint">All that was due has a run.</li>
              )}
            </ol>
          </div>
        )}
      </section>
    </ActionDialog>
  );
}

function useLater(value: string): string {
  const [later, setLater] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLater(value), 300);
    return () => clearTimeout(timer);
  }, [value]);
  return later;
}
