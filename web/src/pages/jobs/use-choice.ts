import { functionalUpdate, type RowSelectionState, type Updater } from '@tanstack/react-table';
import { useMemo, useState } from 'react';
import type { Job } from './use-job-pages';

export interface Choice {
  /** The jobs themselves: those that are scrolled away are acted on too. */
  readonly chosen: ReadonlyMap<string, Job>;
  readonly choose: (chosen: ReadonlyMap<string, Job>) => void;
  readonly rowSelection: RowSelectionState;
  readonly onRowSelectionChange: (updater: Updater<RowSelectionState>) => void;
}

/** @param loaded where a job that is newly chosen is found */
export function useChoice(loaded: readonly Job[]): Choice {
  const [chosen, choose] = useState<ReadonlyMap<string, Job>>(new Map());
  const rowSelection = useMemo(
    () => Object.fromEntries([...chosen.keys()].map((id): [string, true] => [id, true])),
    [chosen],
  );
  return {
    chosen,
    choose,
    rowSelection,
    onRowSelectionChange: (updater) => {
      const ids = Object.keys(functionalUpdate(updater, rowSelection));
      const byId = new Map(loaded.map((job) => [job.id, job]));
      const jobs = ids.map((id) => chosen.get(id) ?? byId.get(id));
      choose(new Map(jobs.flatMap((job) => (job === undefined ? [] : [[job.id, job]]))));
    },
  };
}
