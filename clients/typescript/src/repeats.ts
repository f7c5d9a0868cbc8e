/** Where a receiver remembers what it has done. Shared by all its processes, it must decide `begin` for one of them alone. */
export interface SeenStore {
  /** `new`: it is this caller's to do. `underWay`: another one has begun it. `done`: it need not be done again. */
  begin(id: string): 'new' | 'underWay' | 'done' | Promise<'new' | 'underWay' | 'done'>;
  done(id: string): void | Promise<void>;
  /** It was begun and failed: whoever comes next may do it. */
  release(id: string): void | Promise<void>;
}

export type Once<Result> =
  { readonly outcome: 'done'; readonly result: Result } | { readonly outcome: 'repeat' | 'underWay' };

/**
 * Does the work unless it was done, or is being done, for this id. An id counts as done once the work has succeeded: after a
 * failure the next attempt, which has the same id, does it again.
 */
export async function once<Result>(
  store: SeenStore,
  id: string,
  work: () => Promise<Result> | Result,
): Promise<Once<Result>> {
  const found = await store.begin(id);
  if (found !== 'new') return { outcome: found === 'done' ? 'repeat' : 'underWay' };
  let result: Result;
  try {
    result = await work();
  } catch (error) {
    await store.release(id);
    throw error;
  }
  await store.done(id);
  return { outcome: 'done', result };
}

const DEFAULT_CAPACITY = 10_000;

/** Remembers the latest ids in this process. What several processes receive, or a restart should not forget, needs a store. */
export class MemorySeenStore implements SeenStore {
  private readonly finished = new Set<string>();
  private readonly begun = new Set<string>();

  constructor(private readonly capacity = DEFAULT_CAPACITY) {}

  begin(id: string): 'new' | 'underWay' | 'done' {
    if (this.finished.delete(id)) {
      this.finished.add(id); // the latest again
      return 'done';
    }
    if (this.begun.has(id)) return 'underWay';
    this.begun.add(id);
    return 'new';
  }

  done(id: string): void {
    this.begun.delete(id);
    this.finished.add(id);
    // A set keeps the order in which it was filled.
    for (const oldest of this.finished) {
      if (this.finished.size <= this.capacity) break;
      this.finished.delete(oldest);
    }
  }

  release(id: string): void {
    this.begun.delete(id);
  }
}
