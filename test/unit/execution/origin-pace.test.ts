import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpTarget } from '../../../src/execution/targets/http-target.js';
import { Cancellation } from '../../../src/execution/targets/cancellation.js';
import { EgressGuard } from '../../../src/execution/targets/egress-guard.js';
import { OriginPace } from '../../../src/execution/targets/origin-pace.js';
import type { Place } from '../../../src/execution/targets/origin-pace.js';
import type { Config } from '../../../src/platform/config.js';
import { EgressPolicy } from '../../../src/platform/egress/egress-policy.js';

const ORIGIN = 'https://target.example';

/** So many calls, and which of them have begun. */
function callsOf(pace: OriginPace, count: number, origin = ORIGIN): { places: Place[]; begun: number[] } {
  const begun: number[] = [];
  const places = Array.from({ length: count }, () => pace.at(origin));
  for (const [index, place] of places.entries()) place.enter(() => begun.push(index));
  return { places, begun };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('the calls of one origin', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick', 'performance'] }));
  afterEach(() => jest.useRealTimers());

  it('begin at once as far as there is room, and the next when one of them has ended, in their order', async () => {
    const { places, begun } = callsOf(new OriginPace(), 70);
    expect(begun).toHaveLength(64);
    places[3]?.leave();
    places[3]?.leave(); // counts once
    expect(begun).toHaveLength(64); // not before its connection can be used again
    await turn();
    expect(begun.slice(64)).toEqual([64]);
    for (const place of places.slice(10, 12)) place.leave();
    await turn();
    expect(begun.slice(64)).toEqual([64, 65, 66]);
  });

  it('have all begun soon when nothing is answered', () => {
    const { begun } = callsOf(new OriginPace(), 500);
    jest.advanceTimersByTime(100);
    expect(begun).toHaveLength(64 + 200);
    jest.advanceTimersByTime(120);
    expect(begun).toHaveLength(500);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('that nobody waits for any more never begin', () => {
    const { places, begun } = callsOf(new OriginPace(), 66);
    places[64]?.leave();
    jest.advanceTimersByTime(5);
    expect(begun.slice(64)).toEqual([65]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('do not hold up those of another', () => {
    const pace = new OriginPace();
    callsOf(pace, 500);
    expect(callsOf(pace, 1, 'https://other.example').begun).toEqual([0]);
  });

  it('are paced anew when all have ended', async () => {
    const pace = new OriginPace();
    const { places } = callsOf(pace, 200);
    jest.advanceTimersByTime(100);
    for (const place of places) place.leave();
    await turn();
    expect(callsOf(pace, 200).begun).toHaveLength(64);
  });

  it('that end before they have begun to wait take up no room', async () => {
    const pace = new OriginPace();
    for (let call = 0; call < 100; call += 1) {
      const place = pace.at(ORIGIN);
      place.enter(() => place.leave());
    }
    for (let turns = 0; turns < 4; turns += 1) await turn();
    expect(callsOf(pace, 100).begun).toHaveLength(64);
  });
});

test('a herd on a target that answers at once shares few connections', async () => {
  const config = { auth: 'open', egressAllow: { cidrs: [], hosts: [] } } as unknown as Config;
  const target = new HttpTarget(new EgressGuard(new EgressPolicy(config)));
  await herdOn(target); // what has not run yet is slow
  expect(await herdOn(target)).toBeLessThan(450);
  await target.onApplicationShutdown();
});

/** Calls a server of its own 500 times at once; answers how many connections it saw. */
async function herdOn(target: HttpTarget): Promise<number> {
  let connections = 0;
  const server = createServer((_request, response) => void response.end('ok'));
  server.on('connection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  const request = { url, method: 'POST', headers: {}, body: null, timeoutMs: 10_000 } as const;
  const answers = await Promise.all(Array.from({ length: 500 }, () => target.call(request, new Cancellation())));
  expect(answers.every((answer) => answer.kind === 'answered')).toBe(true);
  server.close();
  return connections;
}
