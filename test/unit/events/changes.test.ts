import { Changes, WANTED_MS } from '../../../src/messaging/changes.js';
import type { Message } from '../../../src/messaging/message.js';

class Channel {
  readonly sent: Message[] = [];
  private listener: (message: Message) => void = () => undefined;

  publish(message: Message): void {
    this.sent.push(message);
  }

  subscribe(listener: (message: Message) => void): void {
    this.listener = listener;
  }

  hear(message: Message): void {
    this.listener(message);
  }
}

let channel: Channel;
let changes: Changes;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  channel = new Channel();
  changes = new Changes(channel);
});
afterEach(() => jest.useRealTimers());

const want = (...projectIds: string[]): void => channel.hear({ type: 'eventsWanted', projectIds });
const run = (id: string, projectId = 'p') => ({ id, projectId });
const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `r${index}`);

test('says nothing where nobody listens', () => {
  changes.runsOf([run('a')]);
  changes.job('p', 'j', 'n', 'created');
  want('other');
  changes.runsOf([run('a')]);
  changes.runs('p', ['b']);
  changes.job('p', 'j', 'n', 'created');
  jest.advanceTimersByTime(10_000);
  expect(channel.sent).toEqual([]);
});

test('gathers runs of a while, each once, by project', () => {
  want('p', 'q');
  changes.runsOf([run('a'), run('b'), run('a'), run('c', 'q'), run('d', 'nobody')]);
  changes.runs('p', ['b', 'e']);
  expect(channel.sent).toEqual([]);
  jest.advanceTimersByTime(250);
  expect(channel.sent).toEqual([
    { type: 'runsChanged', projectId: 'p', runIds: ['a', 'b', 'e'], more: false },
    { type: 'runsChanged', projectId: 'q', runIds: ['c'], more: false },
  ]);
  jest.advanceTimersByTime(10_000);
  expect(channel.sent).toHaveLength(2);
});

test('of a flood says a few times that there is one, and nothing else', () => {
  want('p');
  for (let second = 0; second < 10; second += 1) {
    for (let part = 0; part < 10; part += 1) {
      changes.runs(
        'p',
        ids(500).map((id) => `${id}-${second}-${part}`),
      );
      jest.advanceTimersByTime(100);
    }
  }
  jest.advanceTimersByTime(3_000);
  expect(channel.sent.length).toBeLessThan(8);
  expect(new Set(channel.sent.map((message) => JSON.stringify(message)))).toEqual(
    new Set([JSON.stringify({ type: 'runsChanged', projectId: 'p', runIds: [], more: true })]),
  );
});

test('a flood of one project takes no place of another for long', () => {
  want('p', 'q');
  changes.runs('p', ids(100_000));
  changes.runs('q', ['a']);
  jest.advanceTimersByTime(250);
  expect(channel.sent).toEqual([{ type: 'runsChanged', projectId: 'q', runIds: ['a'], more: false }]);
});

test('the word that somebody listens holds for a while', () => {
  want('p');
  jest.advanceTimersByTime(WANTED_MS - 1);
  changes.job('p', 'j', 'n', 'created');
  expect(channel.sent).toHaveLength(1);
  jest.advanceTimersByTime(2);
  changes.job('p', 'j', 'n', 'created');
  expect(channel.sent).toHaveLength(1);
  expect(changes.quiet).toBe(true);
});
