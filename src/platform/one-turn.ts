interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Joins what is asked in one turn of the event loop into one call. The call begins after all of them were asked: what it
 * reads is no older than the youngest question. The busier the process, the more each call carries.
 */
export class OneTurn<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];

  /** `work` answers one result for each item, in their order. */
  constructor(private readonly work: (items: readonly Item[]) => Promise<readonly Result[]>) {}

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.waiting.push({ item, resolve, reject }) === 1) setImmediate(() => void this.workOff());
    });
  }

  private async workOff(): Promise<void> {
    const group = this.waiting;
    this.waiting = [];
    try {
      const results = await this.work(group.map(({ item }) => item));
      for (const [index, { resolve }] of group.entries()) resolve(results[index] as Result);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }
}
