import { useEffect, useRef, type ReactNode } from 'react';
import { api } from '../../api/client';
import { toastError } from '../../design/toast';
import type { JobsSearch } from '../../router';
import type { Job } from './use-job-pages';

/** What one bulk action takes. */
const MOST_CHOSEN = 1_000;

/** Chooses all that match, not only those that were scrolled to. */
export function ChooseAll({
  filters,
  chosen,
  count,
  onChange,
}: {
  filters: JobsSearch;
  chosen: ReadonlyMap<string, Job>;
  count: number;
  onChange: (chosen: ReadonlyMap<string, Job>) => void;
}): ReactNode {
  const box = useRef<HTMLInputElement>(null);
  const all = chosen.size > 0 && chosen.size >= Math.min(count, MOST_CHOSEN);
  useEffect(() => {
    if (box.current !== null) box.current.indeterminate = chosen.size > 0 && !all;
  });
  const choose = async () => {
    const next = new Map<string, Job>();
    for await (const job of api().all('listJobs', { ...filters, limit: 200 })) {
      next.set(job.id, job);
      if (next.size === MOST_CHOSEN) break;
    }
    onChange(next);
  };
  return (
    <label className="-m-2 flex p-2">
      <span className="sr-only">Choose all, 1,000 at most</span>
      <input
        ref={box}
        type="checkbox"
        className="size-4 accent-(--accent)"
        checked={all}
        onChange={() => (chosen.size > 0 ? onChange(new Map()) : void choose().catch(toastError))}
      />
    </label>
  );
}
