import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState, type FormEvent, type ReactNode } from 'react';
import { api, isRefused, ProblemError } from '../../api/client';
import { Button, buttonLook } from '../../design/button';
import { Field, TextInput } from '../../design/fields';
import { ErrorNote, Page, Panel, sentence, Waiting } from '../../design/panel';
import { toast } from '../../design/toast';
import { MY_ZONE } from '../../time/zone';
import { draftOfJob, FieldError, jobInputOf, NEW_JOB, type Job, type JobDraft } from './job-draft';
import { mergePatch } from './merge-patch';
import { Occurrences } from './occurrences';
import { Policies } from './policies';
import { inputOf } from './schedule-draft';
import { ScheduleBox } from './schedule-box';
import { TargetForm } from './target-form';
import { usePreview } from './use-preview';

/** A new job, empty or after another. */
export function NewJobPage(): ReactNode {
  const { from, schedule } = useSearch({ from: '/jobs/new' });
  const original = useJobWithTag(from);
  if (from !== undefined && original.data === undefined) return <Loading title="New job" error={original.error} />;
  const start = original.data === undefined ? NEW_JOB : copyOf(draftOfJob(original.data.job));
  const draft =
    original.data === undefined
      ? { ...start, schedule: { ...start.schedule, text: schedule ?? '', timeZone: MY_ZONE } }
      : start;
  return <Editor key={from ?? schedule ?? ''} start={draft} />;
}

export function EditJobPage(): ReactNode {
  const { jobId } = useParams({ from: '/jobs/$jobId/edit' });
  const original = useJobWithTag(jobId);
  if (original.data === undefined) return <Loading title="Edit job" error={original.error} />;
  return <Editor key={jobId} start={draftOfJob(original.data.job)} original={original.data} />;
}

interface Original {
  readonly job: Job;
  readonly tag: string | null;
}

/** Read once: what is being edited must not change under the fingers. The tag tells whether it did meanwhile. */
function useJobWithTag(id: string | undefined) {
  return useQuery({
    queryKey: ['editing', id],
    queryFn: async ({ signal }): Promise<Original> => {
      const { body, headers } = await api().request('getJob', { id: id ?? '' }, { signal });
      return { job: body as Job, tag: headers.get('etag') };
    },
    enabled: id !== undefined,
    gcTime: 0,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
}

/** Secrets can't be read, so a copy goes without them. */
function copyOf(draft: JobDraft): JobDraft {
  return {
    ...draft,
    name: `${draft.name}-copy`,
    headers: draft.headers.map((header) => (header.secret ? { ...header, value: '' } : header)),
    auth: Object.fromEntries(Object.entries(draft.auth).filter(([, value]) => value !== '********')),
  };
}

function Editor({ start, original }: { start: JobDraft; original?: Original }): ReactNode {
  const [draft, setDraft] = useState(start);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const navigate = useNavigate();
  const cache = useQueryClient();
  const set = (part: Partial<JobDraft>) => setDraft((before) => ({ ...before, ...part }));
  const preview = usePreview(inputOf(draft.schedule));
  const faultAt = (pointer: string) => faultIn(error, pointer);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const job =
        original === undefined
          ? await api().createJob({ body: jobInputOf(draft) })
          : await update(original, start, draft);
      cache.removeQueries({ queryKey: ['editing'] });
      await cache.invalidateQueries({ queryKey: ['jobs'] });
      await cache.invalidateQueries({ queryKey: ['job', job.id] });
      toast(original === undefined ? `“${job.name}” is scheduled.` : 'Saved.');
      await navigate({ to: '/jobs/$jobId', params: { jobId: job.id }, search: {} });
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  const title = original === undefined ? 'New job' : `Edit ${original.job.name}`;
  return (
    <Page title={title}>
      <form
        onSubmit={(event) => void save(event)}
        className="grid items-start grid-cols-1 gap-4 lg:grid-cols-[minmax(0,1fr)_minmax(20rem,26rem)]"
      >
        <div className="flex min-w-0 flex-col gap-4">
          <Panel>
            <ScheduleBox draft={draft.schedule} onChange={(schedule) => set({ schedule })} error={preview.error} />
          </Panel>
          <div className="lg:hidden">
            <PreviewPanel preview={preview} original={original?.job} />
          </div>
          <Panel title="What it calls">
            <TargetForm draft={draft} set={set} faultAt={faultAt} jobId={original?.job.id} />
          </Panel>
          <Panel title="Name and labels">
            <div className="grid gap-3 sm:grid-cols-2">
              <Field label="Name" error={faultAt('/name') ?? nameTaken(error)} hint="Unique in the project">
                {(ids) => (
                  <TextInput
                    {...ids}
                    required
                    maxLength={200}
                    placeholder="nightly-report"
                    value={draft.name}
                    onChange={(event) => set({ name: event.target.value })}
                  />
                )}
              </Field>
              <Field label="Labels" error={faultAt('/labels')} hint="name:value, with commas between">
                {(ids) => (
                  <TextInput
                    {...ids}
                    placeholder="team:billing, env:production"
                    value={draft.labels}
                    onChange={(event) => set({ labels: event.target.value })}
                  />
                )}
              </Field>
              <Field label="Description" className="sm:col-span-2" error={faultAt('/description')}>
                {(ids) => (
                  <TextInput
                    {...ids}
                    value={draft.description}
                    onChange={(event) => set({ description: event.target.value })}
                  />
                )}
              </Field>
            </div>
          </Panel>
          <Panel title="When things don’t go as planned">
            <Policies draft={draft} set={set} faultAt={faultAt} />
          </Panel>
        </div>
        <aside className="flex min-w-0 flex-col gap-4 max-lg:hidden lg:sticky lg:top-16" aria-label="What this makes">
          <PreviewPanel preview={preview} original={original?.job} />
          <div className="flex flex-col gap-3">
            <SaveBar busy={busy} isNew={original === undefined} jobId={original?.job.id} />
            <SaveError error={error} />
          </div>
        </aside>
        <div className="flex flex-col gap-3 lg:hidden">
          <SaveError error={error} />
          <SaveBar busy={busy} isNew={original === undefined} jobId={original?.job.id} />
        </div>
      </form>
    </Page>
  );
}

/** Only what was changed is sent, so that what is masked stays; refused when somebody else changed it meanwhile. */
async function update(original: Original, start: JobDraft, draft: JobDraft): Promise<Job> {
  const patch = mergePatch(jobInputOf(start), jobInputOf(draft)) as Record<string, unknown> | undefined;
  if (patch === undefined) return original.job;
  // A rule is replaced whole: what the old one said beside it must not stay.
  if (patch['schedule'] !== undefined) patch['schedule'] = scheduleChange(start, draft);
  return api().updateJob({ id: original.job.id, body: patch }, original.tag === null ? {} : { ifMatch: original.tag });
}

function scheduleChange(start: JobDraft, draft: JobDraft): object {
  const [before, after] = [inputOf(start.schedule), inputOf(draft.schedule)] as unknown as [
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  if (before['type'] === after['type']) return mergePatch(before, after) ?? {};
  const shared = ['timeZone', 'startAt', 'endAt', 'maxRuns', 'jitter', 'exclude', 'onExcluded', 'dst'];
  const dropped = shared.filter((name) => before[name] !== undefined && after[name] === undefined);
  return { ...after, ...Object.fromEntries(dropped.map((name) => [name, null])) };
}

function PreviewPanel({
  preview,
  original,
}: {
  preview: ReturnType<typeof usePreview>;
  original: Job | undefined;
}): ReactNode {
  const before = useQuery({
    queryKey: ['job', original?.id, 'occurrences', 5],
    queryFn: ({ signal }) => api().listOccurrences({ id: original?.id ?? '', count: 5 }, { signal }),
    enabled: original !== undefined,
  });
  const { data, error } = preview;
  const zone = data?.schedule.timeZone ?? 'UTC';
  const isChanged = original !== undefined && data !== undefined && data.text !== original.scheduleText;
  return (
    <Panel
      title={original === undefined ? 'Next five' : 'Next five, after this change'}
      note={data === undefined ? undefined : zone}
    >
      <div className={error !== null && data !== undefined ? 'opacity-60' : ''}>
        <p aria-live="polite" className="min-h-11 text-sm font-medium break-words">
          {data?.text ?? <span className="font-normal text-ink-faint">Say when, and the next fires appear here.</span>}
        </p>
        <Occurrences label="Next fires" occurrences={data?.occurrences ?? []} zone={zone} />
      </div>
      {(data?.warnings ?? []).map((warning) => (
        <p key={warning} className="mt-2 rounded-md bg-warn-soft px-2.5 py-1.5 text-xs text-warn">
          {sentence(warning)}
        </p>
      ))}
      {original !== undefined && (
        <details className="mt-3 border-t border-line pt-3 text-sm" open={isChanged}>
          <summary className="text-xs font-medium text-ink-soft">
            {isChanged ? 'Before this change' : 'As it is now'}
          </summary>
          <p className="mt-2 text-ink-soft">{original.scheduleText}</p>
          <Occurrences
            label="Next fires before the change"
            occurrences={before.data?.occurrences ?? []}
            zone={original.schedule.timeZone}
          />
        </details>
      )}
    </Panel>
  );
}

function SaveBar({ busy, isNew, jobId }: { busy: boolean; isNew: boolean; jobId: string | undefined }): ReactNode {
  return (
    <div className="flex gap-2">
      <Button type="submit" tone="primary" busy={busy} className="flex-1">
        {isNew ? 'Create job' : 'Save'}
      </Button>
      {jobId === undefined ? (
        <Link to="/jobs" search={{}} className={buttonLook('quiet')}>
          Cancel
        </Link>
      ) : (
        <Link to="/jobs/$jobId" params={{ jobId }} search={{}} className={buttonLook('quiet')}>
          Cancel
        </Link>
      )}
    </div>
  );
}

function SaveError({ error }: { error: unknown }): ReactNode {
  if (error === null) return null;
  if (error instanceof FieldError) return <p className="text-sm text-bad">{error.message}</p>;
  if (isRefused(error, 412)) {
    return (
      <div className="flex flex-col gap-2">
        <ErrorNote error={error} />
        <Button onClick={() => location.reload()}>Load it anew (what you typed goes)</Button>
      </div>
    );
  }
  return <ErrorNote error={error} />;
}

function faultIn(error: unknown, pointer: string): string | undefined {
  if (error instanceof FieldError) return error.pointer === pointer ? error.message : undefined;
  if (!(error instanceof ProblemError)) return undefined;
  const found = error.errors.find((fault) => fault.pointer === pointer || fault.pointer.startsWith(`${pointer}/`));
  return found === undefined ? undefined : sentence(found.detail);
}

function nameTaken(error: unknown): string | undefined {
  return error instanceof ProblemError && error.code === 'name_taken' ? 'Another job has this name.' : undefined;
}

function Loading({ title, error }: { title: string; error: unknown }): ReactNode {
  return (
    <Page title={title}>
      {error === null ? (
        <Panel>
          <Waiting rows={8} />
        </Panel>
      ) : (
        <ErrorNote error={error} />
      )}
    </Page>
  );
}
