interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** So that one call that hangs does not hold up all that come after it. */
const CALLS_AT_ONCE = 3;
/** In one call: what takes long should not make those wait that asked first. */
const MAX_ITEMS = 500;

/**
 * Joins questions into few calls: those of one turn of the event loop, and while some calls are under way all that come
 * meanwhile. A call begins after all of its questions were asked: what it reads is no older than the youngest of them. The
 * busier the process, the more each call carries, and a process that is not busy makes nobody wait.
 */
export class OneTurn<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private underWay = 0;
  private isCalled = false;

  /** `work` answers one result for each item, in their order. */
  constructor(private readonly work: (items: readonly Item[]) => Promise<readonly Result[]>) {}

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      this.callSoon();
    });
  }

  private callSoon(): void {
    if (this.isCalled || this.waiting.length === 0 || this.underWay >= CALLS_AT_ONCE) return;
    this.isCalled = true;
    setImmediate(() => {
      this.isCalled = false;
      void this.workOff();
    });
  }

  private async workOff(): Promise<void> {
    const group = this.waiting.splice(0, MAX_ITEMS);
    this.underWay += 1;
    this.callSoon();
    try {
      const results = await this.work(group.map(({ item }) => item));
      for (const [index, { resolve }] of group.entries()) resolve(results[index] as Result);
    } catch (error) {
      for (const { reject } of group) reject(error);
    } finally {
      this.underWay -= 1;
      this.callSoon();
    }
  }
}
