import { useQueryClient } from '@tanstack/react-query';
import type { Job } from './job-types';

/** What is shown of a job is read anew after it was acted on. */
export function useRefresh(job: Job): () => Promise<void> {
  const cache = useQueryClient();
  return async () => {
    await cache.invalidateQueries({ queryKey: ['job', job.id] });
    void cache.invalidateQueries({ queryKey: ['jobs'] });
  };
}
