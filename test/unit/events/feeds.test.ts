import { EventEmitter } from 'node:events';
import { EventStream, MAX_UNREAD_BYTES } from '../../../src/events/event-stream.js';
import { HeardChanges } from '../../../src/events/heard-changes.js';
import { ProjectFeed } from '../../../src/events/project-feed.js';
import type { StandingRun } from '../../../src/persistence/run-changes.repository.js';

const T0 = Date.UTC(2026, 2, 2, 8);
const runs = (...runIds: string[]) => ({ type: 'runsChanged', projectId: 'p', runIds, more: false }) as const;
const MORE = { type: 'runsChanged', projectId: 'p', runIds: [], more: true } as const;
const job = (jobId: string) => ({ type: 'jobChanged', projectId: 'p', jobId, name: 'n', change: 'changed' }) as const;

const standing = (id: string): StandingRun => ({
  ...{ id, jobId: 'j', jobName: 'n', trigger: 'schedule', state: 'queued', reason: null, scheduledFor: T0, attempt: 0 },
  ...{ startedAt: null, finishedAt: null, latenessMs: null, durationMs: null },
});

class Raw extends EventEmitter {
  written = '';
  writableLength = 0;
  endedWith: string | null = null;

  write(text: string | Buffer): boolean {
    this.written += text.toString();
    return true;
  }

  end(text = ''): this {
    this.written += text;
    this.endedWith = text;
    return this;
  }

  destroy(): this {
    this.emit('close');
    return this;
  }

  get events(): string[] {
    return [...this.written.matchAll(/event: (\w+)\ndata: (.*)/g)].map(
      ([, event = '', data = '']) => `${event} ${String(JSON.parse(data).id ?? JSON.parse(data).reason)}`,
    );
  }
}

const OWNER = {
  projectId: 'p',
  sender: 's',
  credentials: { authorization: undefined, project: undefined },
  byToken: false,
};
const open = (raw: Raw, onEnd: () => void = () => undefined) => new EventStream(OWNER, raw as never, onEnd);

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

describe('a stream', () => {
  it('whose reader is too slow is cut off, told so, and keeps no more in memory', () => {
    const raw = new Raw();
    const onEnd = jest.fn();
    const stream = open(raw, onEnd);
    stream.send('one');
    raw.writableLength = MAX_UNREAD_BYTES + 1;
    stream.send('two');
    stream.send('three');
    expect(raw.written).toBe('oneevent: resync\ndata: {"reason":"slow"}\n\n');
    jest.advanceTimersByTime(1_100);
    expect(onEnd).toHaveBeenCalledTimes(1);
  });
});

describe('what was heard', () => {
  const heard = (): HeardChanges => new HeardChanges(T0);

  it('is known from some seconds after its beginning on', () => {
    const changes = heard();
    changes.add(runs('a'), T0 + 4_000);
    expect(changes.since(T0 + 2_999, 10)).toBeNull();
    expect(changes.since(T0 + 3_000, 10)).toEqual({ runIds: ['a'], jobs: [] });
    expect(changes.since(T0 + 7_001, 10)).toEqual({ runIds: [], jobs: [] });
  });

  it('is each run once, and each job as often as it was changed', () => {
    const changes = heard();
    for (const message of [runs('a', 'b'), job('j'), runs('b'), job('j')]) changes.add(message, T0 + 5_000);
    expect(changes.since(T0 + 5_000, 10)).toEqual({ runIds: ['a', 'b'], jobs: [job('j'), job('j')] });
    expect(changes.since(T0 + 5_000, 3)).toBeNull();
  });

  it('is not all where there was more, or where messages were lost', () => {
    const changes = heard();
    changes.add(MORE, T0 + 5_000);
    expect(changes.since(T0 + 6_000, 10)).toBeNull();
    expect(changes.since(T0 + 9_000, 10)).toEqual({ runIds: [], jobs: [] });
    changes.forget(T0 + 20_000);
    expect(changes.since(T0 + 22_000, 10)).toBeNull();
  });

  it('is forgotten after a minute, and beyond a number, and that is known', () => {
    const changes = heard();
    changes.add(runs('a'), T0 + 4_000);
    changes.add(runs('b'), T0 + 70_000);
    expect(changes.since(T0 + 4_000, 10)).toBeNull();
    expect(changes.since(T0 + 30_000, 10)).toEqual({ runIds: ['b'], jobs: [] });
    for (let index = 0; index < 3_000; index += 1) changes.add(runs(`r${index}`), T0 + 71_000 + index);
    expect(changes.since(T0 + 72_000, 100_000)).toBeNull();
  });
});

describe('a feed', () => {
  let read: string[][];
  let fails: boolean;
  let feed: ProjectFeed;
  let raw: Raw;

  beforeEach(async () => {
    [read, fails] = [[], false];
    jest.setSystemTime(T0);
    feed = new ProjectFeed({
      now: () => Date.now(),
      standing: async (ids) => {
        if (fails) throw new Error('away');
        read.push([...ids]);
        return ids.map(standing);
      },
      warn: () => undefined,
    });
    raw = new Raw();
    await feed.join(open(raw), null);
  });

  it('reads what is heard in a moment once, and sends it to all', async () => {
    const other = new Raw();
    await feed.join(open(other), null);
    feed.hear(runs('a', 'b'));
    feed.hear(runs('b', 'c'));
    feed.hear(job('j'));
    await jest.advanceTimersByTimeAsync(150);
    expect(read).toEqual([['a', 'b', 'c']]);
    expect(raw.events).toEqual(['job j', 'run a', 'run b', 'run c']);
    expect(other.events).toEqual(raw.events);
    expect(raw.written.trimEnd().split('\n').at(-1)).toBe(`id: ${T0 + 100}`);
  });

  it('of too much says that it is busy, at most once in five seconds', async () => {
    for (let index = 0; index < 100; index += 1) {
      feed.hear(runs(...Array.from({ length: 300 }, (_, place) => `r${index}-${place}`)));
      await jest.advanceTimersByTimeAsync(50);
    }
    await jest.advanceTimersByTimeAsync(10_000);
    const resyncs = raw.events.filter((event) => event === 'resync busy');
    expect(resyncs.length).toBeGreaterThanOrEqual(2);
    expect(resyncs.length).toBeLessThanOrEqual(3);
    expect(read.every((ids) => ids.length <= 200)).toBe(true);
  });

  it('says that messages were lost', async () => {
    feed.lose();
    await jest.advanceTimersByTimeAsync(150);
    expect(raw.events).toEqual(['resync missed']);
  });

  it('tries again when the ledger does not answer, and loses nothing', async () => {
    fails = true;
    feed.hear(runs('a'));
    feed.hear(job('j'));
    await jest.advanceTimersByTimeAsync(500);
    expect(raw.events).toEqual([]);
    fails = false;
    await jest.advanceTimersByTimeAsync(1_000);
    expect(raw.events).toEqual(['job j', 'run a']);
  });

  it('gives an id that passes nothing that waits', async () => {
    feed.hear(runs('a'));
    feed.beat();
    expect(raw.written).not.toContain(`id: ${T0 + 1}`);
    expect(raw.written.endsWith(': \n\n')).toBe(true);
    expect(raw.written.match(/^id: /gm)).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(150);
    feed.beat();
    expect(raw.written.match(/^id: /gm)).toHaveLength(3);
  });

  it('reads nothing while nobody listens here', async () => {
    feed.readers.clear();
    feed.hear(runs('a'));
    await jest.advanceTimersByTimeAsync(1_000);
    expect(read).toEqual([]);
  });
});
