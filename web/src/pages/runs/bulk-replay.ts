import { api, call, isMissing } from '../../api/client';
import type { RunsBulk } from '../../api/run-additions';

export interface Replayed {
  readonly started: number;
  readonly refused: readonly string[];
}

/** Runs them again: at once where the service can, else one after another. */
export async function replayRuns(ids: readonly string[]): Promise<Replayed> {
  try {
    const answer = await call<RunsBulk>('/runs/bulk', { method: 'POST', body: { action: 'replay', ids } });
    return {
      started: answer.succeeded,
      refused: answer.results.flatMap(({ problem }) =>
        problem === null ? [] : [problem.detail ?? problem.title ?? ''],
      ),
    };
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const refused: string[] = [];
  let started = 0;
  for (const id of ids) {
    try {
      await api().replayRun({ id });
      started += 1;
    } catch (error) {
      refused.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { started, refused };
}
