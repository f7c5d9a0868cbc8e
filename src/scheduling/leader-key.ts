import { randomHex } from '../platform/random-hex.js';
import type { RedisConnection } from '../platform/redis.js';
import { withTimeLimit } from '../platform/time-limit.js';

const KEY = 'carillon:leader';

/** An epoch that is not drawn yet: the key is taken, its holder does not lead so far. */
const NO_EPOCH = 0;

/** Token, epoch, TTL, replica. The holder's token alone says whose it is. */
const VALUE = /^[0-9a-f]{32} (\d+) \d+ (.+)$/;

/**
 * SET NX, and again for a holder whose last answer was lost. Looks first, so that a Redis that is out of memory still says
 * who holds the key. A key that would live longer than its holder's TTL is cut to it: Redis's own clock was set back, and a
 * holder that died before would keep everyone from leading. Answers how long another holds it at most, in milliseconds (-1:
 * without end), or nothing when it is ours.
 */
const CLAIM = `
  local held = redis.call('GET', KEYS[1])
  if held and string.sub(held, 1, #ARGV[1]) ~= ARGV[1] then
    local left, longest = redis.call('PTTL', KEYS[1]), tonumber(string.match(held, '^%x+ %d+ (%d+) '))
    if longest and (left > longest or left == -1) then
      redis.call('PEXPIRE', KEYS[1], longest)
      left = longest
    end
    return left
  end
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return false`;

/** Compare and extend. Writes the value only when it changes: a Redis that is out of memory takes an extension, but no SET. */
const EXTEND = `
  local held = redis.call('GET', KEYS[1])
  if not held or string.sub(held, 1, #ARGV[1]) ~= ARGV[1] then return 0 end
  if held == ARGV[2] then redis.call('PEXPIRE', KEYS[1], ARGV[3]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
  return 1`;

/** Compare and delete. */
const RELEASE = `
  local held = redis.call('GET', KEYS[1])
  if not held or string.sub(held, 1, #ARGV[1]) ~= ARGV[1] then return 0 end
  return redis.call('DEL', KEYS[1])`;

/**
 * The key in Redis whose holder leads, as one replica sees it. Each call is one command with a time limit, and rejects when
 * Redis refuses it or does not answer in time; Redis may carry it out all the same.
 */
export class LeaderKey {
  private readonly token = randomHex(16);

  constructor(
    private readonly redis: RedisConnection,
    readonly replicaId: string,
    readonly ttlMs: number,
  ) {}

  /** Takes the key for the next TTL unless another has it; answers how long that one has left, or null when it is ours. */
  async claim(limitMs: number): Promise<number | null> {
    const leftMs = await this.run(CLAIM, limitMs, this.valueFor(NO_EPOCH), String(this.ttlMs));
    return leftMs === null ? null : Number(leftMs);
  }

  /** Ours for another TTL, with this epoch in it; false when it is not ours. */
  async extend(epoch: number, limitMs: number): Promise<boolean> {
    return (await this.run(EXTEND, limitMs, this.valueFor(epoch), String(this.ttlMs))) === 1;
  }

  /** Answers whether it was ours. */
  async release(limitMs: number): Promise<boolean> {
    return (await this.run(RELEASE, limitMs)) === 1;
  }

  /** Who leads by the key; null when that is nobody, or this replica. */
  async holder(limitMs: number): Promise<{ replicaId: string; epoch: number } | null> {
    const held = await withTimeLimit(this.redis.get(KEY), limitMs);
    const [, epoch, replicaId] = VALUE.exec(held ?? '') ?? [];
    if (replicaId === undefined || Number(epoch) === NO_EPOCH || held?.startsWith(this.token) === true) return null;
    return { replicaId, epoch: Number(epoch) };
  }

  private run(script: string, limitMs: number, ...values: string[]): Promise<unknown> {
    return withTimeLimit(this.redis.eval(script, 1, KEY, this.token, ...values), limitMs);
  }

  private valueFor(epoch: number): string {
    return `${this.token} ${epoch} ${this.ttlMs} ${this.replicaId}`;
  }
}
