import { PromptRedis } from '../../../src/caching/prompt-redis.js';
import type { RedisConnection } from '../../../src/platform/redis.js';

const NEVER = (): Promise<string> => new Promise(() => undefined);

describe('PromptRedis', () => {
  const exists = jest.fn<Promise<number>, [string]>();
  const disconnect = jest.fn();
  const command = jest.fn<Promise<string>, []>();
  let redis: PromptRedis;

  const ask = () => redis.ask('key', command, 'without');
  const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

  beforeEach(() => {
    jest.useFakeTimers();
    for (const mock of [exists, disconnect, command]) mock.mockReset();
    exists.mockResolvedValue(0);
    const connection = { on: () => undefined, status: 'ready', exists, disconnect };
    redis = new PromptRedis(connection as unknown as RedisConnection);
  });
  afterEach(() => {
    redis.stop();
    jest.useRealTimers();
  });

  it('hands on answers', async () => {
    command.mockResolvedValue('answer');
    expect(await ask()).toBe('answer');
  });

  it('waits 50 ms for one that hangs, and then for none until it answers a probe', async () => {
    command.mockImplementation(NEVER);
    exists.mockImplementation(() => new Promise(() => undefined));
    const first = ask();
    await pass(49);
    const answered = jest.fn();
    void first.then(answered);
    await pass(0);
    expect(answered).not.toHaveBeenCalled();
    await pass(1);
    expect(await first).toBe('without');
    for (let second = 0; second < 60; second += 1) {
      expect(await ask()).toBe('without'); // without a wait: no timer moves here
      await pass(1_000);
    }
    expect(command).toHaveBeenCalledTimes(1);
    expect(redis.degraded).toBe(true);
    expect(disconnect).toHaveBeenCalledWith(true);

    exists.mockResolvedValue(1);
    command.mockResolvedValue('answer');
    await pass(2_000);
    expect([await ask(), redis.degraded]).toEqual(['answer', false]);
  });

  it('calls nothing degraded for one slow answer', async () => {
    command.mockImplementation(NEVER);
    const first = ask();
    await pass(50);
    await first;
    command.mockResolvedValue('answer');
    expect(await ask()).toBe('without');
    await pass(250);
    expect([await ask(), redis.degraded]).toEqual(['answer', false]);
    expect(disconnect).not.toHaveBeenCalled();
  });

  it('does without a connection at once', async () => {
    command.mockRejectedValue(new Error("Stream isn't writeable"));
    expect([await ask(), await ask()]).toEqual(['without', 'without']);
    expect(command).toHaveBeenCalledTimes(1);
  });

  it('does not doubt a Redis that answers with an error', async () => {
    command.mockRejectedValueOnce(Object.assign(new Error('OOM command not allowed'), { name: 'ReplyError' }));
    command.mockResolvedValue('answer');
    expect([await ask(), await ask()]).toEqual(['without', 'answer']);
  });
});
