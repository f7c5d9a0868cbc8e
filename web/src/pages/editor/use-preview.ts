import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, type Schemas } from '../../api/client';
import type { ScheduleInput } from './schedule-draft';

export type Preview = Schemas['SchedulePreview'];

/** What a schedule means, asked for a moment after the last letter. The answer before stays until the next is there. */
export function usePreview(schedule: ScheduleInput | null, count = 5): UseQueryResult<Preview> {
  const wanted = JSON.stringify(schedule);
  const [asked, setAsked] = useState(wanted);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(wanted), 200);
    return () => clearTimeout(timer);
  }, [wanted]);
  return useQuery({
    queryKey: ['preview', asked, count],
    queryFn: ({ signal }) =>
      api().previewSchedule({ body: { schedule: JSON.parse(asked) as ScheduleInput, count } }, { signal }),
    enabled: asked !== 'null',
    placeholderData: keepPreviousData,
    staleTime: 5_000,
    retry: false,
  });
}
