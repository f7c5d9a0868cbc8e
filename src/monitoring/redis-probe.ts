import type { RedisConnection } from '../platform/redis.js';

/** Asks Redis how it is, on a connection of its own: one that others use may be busy with their work. */
export class RedisProbe {
  constructor(private readonly connection: RedisConnection | null) {
    connection?.on('error', () => undefined); // what is wrong shows in the answers
  }

  get isConfigured(): boolean {
    return this.connection !== null;
  }

  async ping(): Promise<void> {
    await this.known.ping();
  }

  /** Of every primary; INFO tells it where CONFIG is forbidden too. */
  async evictionPolicies(): Promise<string[]> {
    const { known } = this;
    const nodes = 'nodes' in known ? known.nodes('master') : [known];
    const answers = await Promise.all(nodes.map((node) => node.info('memory')));
    return answers.map((info) => /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'unknown');
  }

  disconnect(): void {
    this.connection?.disconnect();
  }

  private get known(): RedisConnection {
    if (this.connection === null) throw new Error('there is no Redis to ask');
    return this.connection;
  }
}
