/**
 * Joins what comes while a call is under way into the next one: a claim costs Postgres much the same for a few runs as for
 * some hundred.
 */
export class Gathering<Item> {
  private waiting: { readonly items: readonly Item[]; readonly done: PromiseWithDone }[] = [];
  private busy = false;

  constructor(private readonly work: (items: readonly Item[]) => Promise<void>) {}

  /** Settles as the call does that took these items. */
  add(items: readonly Item[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ items, done: { resolve, reject } });
      if (!this.busy) void this.workOff();
    });
  }

  private async workOff(): Promise<void> {
    this.busy = true;
    while (this.waiting.length > 0) {
      const group = this.waiting;
      this.waiting = [];
      try {
        await this.work(group.flatMap(({ items }) => items));
        for (const { done } of group) done.resolve();
      } catch (error) {
        for (const { done } of group) done.reject(error);
      }
    }
    this.busy = false;
  }
}

interface PromiseWithDone {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}
