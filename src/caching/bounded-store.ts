/**
 * A store for Keyv that gives up its oldest entries for new ones: what expires is otherwise only noticed when asked for. Bounded
 * by the text that its entries would make, for some are a thousand times the size of others.
 */
export class BoundedStore extends Map<string, unknown> {
  private readonly lengths = new Map<string, number>();
  private heldChars = 0;

  /** An entry of more than a hundredth of `maxChars` is not kept. */
  constructor(private readonly maxChars: number) {
    super();
  }

  override set(key: string, value: unknown): this {
    this.delete(key);
    const length = key.length + JSON.stringify(value).length;
    if (length > this.maxChars / 100) return this;
    super.set(key, value);
    this.lengths.set(key, length);
    this.heldChars += length;
    for (const oldest of this.keys()) {
      if (this.heldChars <= this.maxChars) break;
      this.delete(oldest);
    }
    return this;
  }

  override delete(key: string): boolean {
    this.heldChars -= this.lengths.get(key) ?? 0;
    this.lengths.delete(key);
    return super.delete(key);
  }

  override clear(): void {
    super.clear();
    this.lengths.clear();
    this.heldChars = 0;
  }
}
