import { api, type Schemas } from '../../api/client';
import { queries } from '../../api/queries';
import { toast, toastError, UNDO_MS } from '../../design/toast';
import type { Job } from './use-job-pages';

type Bulk = Schemas['Bulk'];

/** What is done to the chosen jobs, and how it is taken back. Refusals of single jobs are told, and keep no other from it. */
export async function bulkPause(jobs: readonly Job[], note: string): Promise<void> {
  const done = await run({ action: 'pause', ids: idsOf(jobs), ...(note !== '' && { note }) });
  told('Paused', done, () => run({ action: 'resume', ids: doneIds(done) }));
}

export async function bulkResume(jobs: readonly Job[]): Promise<void> {
  const done = await run({ action: 'resume', ids: idsOf(jobs) });
  told('Resumed', done, () => run({ action: 'pause', ids: doneIds(done) }));
}

export async function bulkTrigger(jobs: readonly Job[]): Promise<void> {
  const done = await run({ action: 'trigger', ids: idsOf(jobs) });
  const runIds = done.results.flatMap(({ runId }) => runId ?? []);
  told('Triggered', done, async () => {
    const ends = await Promise.allSettled(runIds.map((id) => api().cancelRun({ id })));
    const stopped = ends.filter(({ status }) => status === 'fulfilled').length;
    toast(
      stopped === runIds.length
        ? 'The runs were cancelled.'
        : `${stopped} of ${runIds.length} cancelled; the others had ended already.`,
    );
  });
}

export async function bulkLabel(jobs: readonly Job[], name: string, value: string | null): Promise<void> {
  const done = await run({ action: 'update', ids: idsOf(jobs), patch: { labels: { [name]: value } } });
  const ok = new Set(doneIds(done));
  const before = Map.groupBy(
    jobs.filter(({ id }) => ok.has(id)),
    ({ labels }) => labels[name] ?? null,
  );
  told(value === null ? 'Unlabelled' : 'Labelled', done, async () => {
    for (const [old, those] of before)
      await run({ action: 'update', ids: idsOf(those), patch: { labels: { [name]: old } } });
  });
}

/** What was deleted can't be made again, its history is gone: so it waits while it may be taken back. */
export function bulkDelete(jobs: readonly Job[], hide: (ids: ReadonlySet<string>) => void): void {
  const ids = idsOf(jobs);
  hide(new Set(ids));
  let settled = false;
  const finish = async (keepalive: boolean) => {
    if (settled) return;
    settled = true;
    removeEventListener('pagehide', onLeave);
    if (keepalive) return void api().bulkJobs({ body: { action: 'delete', ids } });
    try {
      const done = await run({ action: 'delete', ids });
      if (done.failed > 0) told('Deleted', done);
    } catch (error) {
      toastError(error);
    }
    hide(new Set());
  };
  const onLeave = () => void finish(true);
  addEventListener('pagehide', onLeave);
  const timer = setTimeout(() => void finish(false), UNDO_MS);
  toast(`${countOf(ids.length)} deleted`, {
    undo: () => {
      settled = true;
      clearTimeout(timer);
      removeEventListener('pagehide', onLeave);
      hide(new Set());
    },
  });
}

async function run(body: Schemas['BulkInput']): Promise<Bulk> {
  const done = await api().bulkJobs({ body });
  await queries.invalidateQueries({ queryKey: ['jobs'] });
  return done;
}

function told(word: string, done: Bulk, undo?: () => Promise<unknown>): void {
  const failed = done.results.filter(({ problem }) => problem !== null);
  const first = failed[0];
  const rest =
    first === undefined ? '' : ` ${failed.length} refused: ${first.name ?? ''} ${first.problem?.detail ?? ''}`;
  toast(`${word} ${countOf(done.succeeded)}.${rest}`, {
    tone: done.succeeded === 0 ? 'bad' : 'done',
    undo: undo === undefined || done.succeeded === 0 ? undefined : () => void undo().catch(toastError),
  });
}

function countOf(count: number): string {
  return `${count} ${count === 1 ? 'job' : 'jobs'}`;
}

function idsOf(jobs: readonly Job[]): string[] {
  return jobs.map(({ id }) => id);
}

function doneIds(done: Bulk): string[] {
  return done.results.flatMap(({ id, problem }) => (problem === null && id !== null ? [id] : []));
}
