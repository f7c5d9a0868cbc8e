import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { isTyping } from '../../shell/shortcuts';
import type { Job } from './use-job-pages';

/** Up, down, choose, open and clear, by keyboard. */
export function useListKeys({
  at,
  setAt,
  rows,
  toggle,
  clear,
  scrollTo,
}: {
  at: number | null;
  setAt: (index: number) => void;
  rows: { count: number; row: (index: number) => Job | undefined };
  toggle: (job: Job) => void;
  clear: () => void;
  scrollTo: (index: number) => void;
}): void {
  const navigate = useNavigate();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('dialog[open], [role=menu]') !== null) return;
      const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
      const job = at === null ? undefined : rows.row(at);
      if (step !== undefined && rows.count > 0) {
        event.preventDefault();
        const next = Math.min(rows.count - 1, Math.max(0, at === null ? 0 : at + step));
        setAt(next);
        scrollTo(next);
      } else if (event.key === 'x' && job !== undefined) toggle(job);
      else if (event.key === 'Escape') clear();
      else if (
        event.key === 'Enter' &&
        job !== undefined &&
        !(event.target instanceof HTMLButtonElement) &&
        !(event.target instanceof HTMLAnchorElement)
      ) {
        void navigate({ to: '/jobs/$jobId', params: { jobId: job.id }, search: {} });
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  });
}
