/** A store for Keyv that gives up its oldest entry for a new one: what expires is otherwise only noticed when asked for. */
export class BoundedStore extends Map<string, unknown> {
  constructor(private readonly maxEntries: number) {
    super();
  }

  override set(key: string, value: unknown): this {
    this.delete(key);
    super.set(key, value);
    const [oldest] = this.keys();
    if (this.size > this.maxEntries && oldest !== undefined) this.delete(oldest);
    return this;
  }
}
