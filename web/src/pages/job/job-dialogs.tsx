import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState, type ReactNode } from 'react';
import { api, call, isMissing, type Schemas } from '../../api/client';
import { ActionDialog } from '../../design/dialog';
import { Field, Segmented, TextArea, TextInput } from '../../design/fields';
import { MomentField } from '../../design/moment';
import { ErrorNote } from '../../design/panel';
import { Instant } from '../../design/time';
import { toast, toastError } from '../../design/toast';
import { now } from '../../time/clock';
import { useZone } from '../../time/zone';
import { instantOf, localOf } from '../../time/wall';

export type Job = Schemas['Job'];
export type Asking = 'run' | 'pause' | 'skip' | 'backfill' | 'delete' | { move: string } | { edit: string } | null;

interface Props {
  readonly job: Job;
  readonly onClose: () => void;
}

/** What is asked before an action of a job, and the action. */
export function JobDialogs({ job, asking, onClose }: Props & { asking: Asking }): ReactNode {
  if (asking === null) return null;
  if (typeof asking === 'object') {
    return 'move' in asking ? (
      <MoveDialog job={job} scheduledFor={asking.move} onClose={onClose} />
    ) : (
      <OccurrenceBodyDialog job={job} scheduledFor={asking.edit} onClose={onClose} />
    );
  }
  switch (asking) {
    case 'run':
      return <RunDialog job={job} onClose={onClose} />;
    case 'pause':
      return <PauseDialog job={job} onClose={onClose} />;
    case 'skip':
      return <SkipDialog job={job} onClose={onClose} />;
    case 'backfill':
      return <BackfillDialog job={job} onClose={onClose} />;
    case 'delete':
      return <DeleteDialog job={job} onClose={onClose} />;
  }
}

/** What is shown of a job is read anew after it was acted on. */
function useRefresh(job: Job): () => Promise<void> {
  const cache = useQueryClient();
  return async () => {
    await cache.invalidateQueries({ queryKey: ['job', job.id] });
    void cache.invalidateQueries({ queryKey: ['jobs'] });
  };
}

function RunDialog({ job, onClose }: Props): ReactNode {
  const [body, setBody] = useState('');
  const navigate = useNavigate();
  const refresh = useRefresh(job);
  const problem = jsonProblem(body);
  return (
    <ActionDialog
      title={`Run ${job.name} now`}
      action="Run now"
      disabled={problem !== null}
      onClose={onClose}
      run={async () => {
        const run = await api().triggerJob({
          id: job.id,
          body: body.trim() === '' ? {} : { body: JSON.parse(body) as never },
        });
        await refresh();
        toast('Started.');
        await navigate({ to: '/runs/$runId', params: { runId: run.id } });
      }}
    >
      <p className="text-sm text-ink-soft">Beside its schedule: the next fire stays as it is.</p>
      <Field label="Another body, for this run" hint="JSON. Empty: the body of the job." error={problem ?? undefined}>
        {(ids) => (
          <TextArea
            {...ids}
            rows={6}
            className="font-mono text-xs!"
            placeholder={
              job.target.body === undefined ? '{ "reason": "by hand" }' : JSON.stringify(job.target.body, null, 2)
            }
            value={body}
            onChange={(event) => setBody(event.target.value)}
          />
        )}
      </Field>
    </ActionDialog>
  );
}

function PauseDialog({ job, onClose }: Props): ReactNode {
  const zone = useZone(job.schedule.timeZone);
  const [note, setNote] = useState('');
  const [until, setUntil] = useState('');
  const refresh = useRefresh(job);
  const at = until === '' ? null : instantOf(until, zone);
  return (
    <ActionDialog
      title={`Pause ${job.name}`}
      action="Pause"
      onClose={onClose}
      run={async () => {
        await api().pauseJob({
          id: job.id,
          body: {
            ...(note.trim() !== '' && { note: note.trim() }),
            ...(at !== null && { until: new Date(at).toISOString() }),
          },
        });
        await refresh();
        toast('Paused.', {
          undo: () => void api().resumeJob({ id: job.id }).then(refresh).catch(toastError),
        });
      }}
    >
      <p className="text-sm text-ink-soft">
        What falls due meanwhile is recorded as skipped. Runs that are under way go on.
      </p>
      <Field label="Why" hint="Whoever finds it paused reads this. May be left empty.">
        {(ids) => <TextInput {...ids} maxLength={500} value={note} onChange={(event) => setNote(event.target.value)} />}
      </Field>
      <MomentField label="Resumes by itself (may be left empty)" zone={zone} value={until} onChange={setUntil} />
    </ActionDialog>
  );
}

function SkipDialog({ job, onClose }: Props): ReactNode {
  const refresh = useRefresh(job);
  return (
    <ActionDialog
      title="Skip the next fire"
      action="Skip it"
      onClose={onClose}
      run={async () => {
        await api().skipNextOccurrence({ id: job.id });
        await refresh();
        toast('The next fire will be skipped.');
      }}
    >
      <p className="text-sm">
        <Instant at={job.nextRunAt} jobZone={job.schedule.timeZone} offset /> will be recorded as skipped. Those after
        it stay.
      </p>
    </ActionDialog>
  );
}

function MoveDialog({ job, scheduledFor, onClose }: Props & { scheduledFor: string }): ReactNode {
  const zone = useZone(job.schedule.timeZone);
  const [to, setTo] = useState(() => localOf(Date.parse(scheduledFor), zone));
  const [note, setNote] = useState('');
  const refresh = useRefresh(job);
  const at = instantOf(to, zone);
  const past = at !== null && at <= now();
  return (
    <ActionDialog
      title="Move one fire"
      action="Move it"
      disabled={at === null || past}
      onClose={onClose}
      run={async () => {
        await editOccurrence(job.id, scheduledFor, {
          action: 'move',
          to: new Date(at ?? 0).toISOString(),
          ...(note.trim() !== '' && { note: note.trim() }),
        });
        await refresh();
        toast('Moved.', { undo: () => void restoreOccurrence(job.id, scheduledFor).then(refresh).catch(toastError) });
      }}
    >
      <p className="text-sm text-ink-soft">
        Only the one of <Instant at={scheduledFor} jobZone={job.schedule.timeZone} offset />; the schedule stays.
      </p>
      <MomentField
        label="To"
        required
        zone={zone}
        value={to}
        onChange={setTo}
        error={past ? 'That has passed.' : undefined}
      />
      <Field label="Why">
        {(ids) => <TextInput {...ids} maxLength={500} value={note} onChange={(event) => setNote(event.target.value)} />}
      </Field>
    </ActionDialog>
  );
}

function OccurrenceBodyDialog({ job, scheduledFor, onClose }: Props & { scheduledFor: string }): ReactNode {
  const [body, setBody] = useState('');
  const refresh = useRefresh(job);
  const problem = body.trim() === '' ? null : jsonProblem(body);
  return (
    <ActionDialog
      title="Another body for one fire"
      action="Use it"
      disabled={body.trim() === '' || problem !== null}
      onClose={onClose}
      run={async () => {
        await editOccurrence(job.id, scheduledFor, { action: 'run', body: JSON.parse(body) as unknown });
        await refresh();
        toast('It will run with this body.', {
          undo: () => void restoreOccurrence(job.id, scheduledFor).then(refresh).catch(toastError),
        });
      }}
    >
      <Field label="Body" hint="JSON, in the place of the job’s body, once" error={problem ?? undefined}>
        {(ids) => (
          <TextArea
            {...ids}
            rows={6}
            className="font-mono text-xs!"
            value={body}
            onChange={(event) => setBody(event.target.value)}
          />
        )}
      </Field>
    </ActionDialog>
  );
}

export async function editOccurrence(jobId: string, scheduledFor: string, body: object): Promise<void> {
  try {
    await call(`/jobs/${jobId}/occurrences/${encodeURIComponent(scheduledFor)}`, { method: 'PUT', body });
  } catch (error) {
    if (isMissing(error)) throw new Error('This service can’t change single fires yet.', { cause: error });
    throw error;
  }
}

export async function restoreOccurrence(jobId: string, scheduledFor: string): Promise<void> {
  await call(`/jobs/${jobId}/occurrences/${encodeURIComponent(scheduledFor)}`, { method: 'DELETE' });
}

function BackfillDialog({ job, onClose }: Props): ReactNode {
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

function DeleteDialog({ job, onClose }: Props): ReactNode {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [sure, setSure] = useState<'no' | 'yes'>('no');
  return (
    <ActionDialog
      title={`Delete ${job.name}`}
      action="Delete"
      tone="danger"
      disabled={sure === 'no'}
      onClose={onClose}
      run={async () => {
        await api().deleteJob({ id: job.id });
        void cache.invalidateQueries({ queryKey: ['jobs'] });
        toast(`“${job.name}” is deleted.`);
        await navigate({ to: '/jobs', search: {} });
      }}
    >
      <p className="text-sm text-ink-soft">
        It fires no more, and its queued runs are cancelled. This can’t be undone; pausing can.
      </p>
      <Segmented
        label="Are you sure?"
        value={sure}
        onChange={setSure}
        options={[
          { value: 'no', label: 'Keep it' },
          { value: 'yes', label: 'Delete it for good' },
        ]}
      />
    </ActionDialog>
  );
}

function jsonProblem(text: string): string | null {
  if (text.trim() === '') return null;
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return `Not JSON: ${(error as Error).message}`;
  }
}

function useLater(value: string): string {
  const [later, setLater] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLater(value), 300);
    return () => clearTimeout(timer);
  }, [value]);
  return later;
}
