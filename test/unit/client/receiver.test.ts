import { Webhook } from 'standardwebhooks';
import { Receiver, type Delivery, type GivenCall } from '../../../clients/typescript/src/receiver.js';
import { MemorySeenStore, once } from '../../../clients/typescript/src/repeats.js';

const [OLD, NEW, OTHER] = ['old', 'new', 'other'].map(
  (name) => `whsec_${Buffer.from(name.padEnd(32, '.')).toString('base64')}`,
) as [string, string, string];
const NOW = Date.parse('2026-03-02T08:00:00.000Z');
const BODY = '{"jobName":"Grüße", "attempt":1}';

interface SignedCall {
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A call as the service makes it, by the reference implementation of Standard Webhooks. */
function call(secrets: string[], { id = 'run-1', body = BODY, at = NOW } = {}): SignedCall {
  const signatures = secrets.map((secret) => new Webhook(secret).sign(id, new Date(at), body));
  return {
    headers: {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at / 1_000)),
      'webhook-signature': signatures.join(' '),
      'carillon-scheduled-for': '2026-03-02T08:00:00.000Z',
      'carillon-job-name': 'Gr%C3%BC%C3%9Fe',
      'carillon-attempt': '2',
    },
    body,
  };
}

const receiver = (secrets: string[]) => new Receiver({ secrets, now: () => NOW });

describe('a signature', () => {
  it('is that of the reference implementation', async () => {
    const delivery = await receiver([NEW]).verify(call([NEW]));
    expect(delivery).toMatchObject({ id: 'run-1', jobName: 'Grüße', attempt: 2, jobId: null, text: BODY });
    expect(delivery.json()).toEqual({ jobName: 'Grüße', attempt: 1 });
  });

  it.each([
    ['the sender has both secrets', [OLD, NEW], [NEW]],
    ['the receiver has both secrets', [OLD], [NEW, OLD]],
    ['among those of strangers', [OTHER, NEW], [OLD, NEW]],
  ])('holds while secrets are rotated: %s', async (_, senders, receivers) => {
    expect((await receiver(receivers).verify(call(senders))).id).toBe('run-1');
  });

  it('is of the bytes, however they and the headers come', async () => {
    const { headers, body } = call([NEW]);
    const bytes = new TextEncoder().encode(body);
    expect((await receiver([NEW]).verify({ headers: new Headers(headers), body: bytes })).text).toBe(BODY);
    expect((await receiver([NEW]).verify({ headers, body: bytes.buffer })).text).toBe(BODY);
    const loud = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), [value]]));
    expect((await receiver([NEW]).verify({ headers: loud, body })).id).toBe('run-1');
  });

  const MINUTES = 60_000;
  it.each<[string, string, () => GivenCall]>([
    ['by another secret', 'no_matching_signature', () => call([OTHER])],
    ['of another body', 'no_matching_signature', () => ({ ...call([NEW]), body: BODY.replace(' ', '') })],
    ['of another id', 'no_matching_signature', () => changed({ 'webhook-id': 'run-2' })],
    ['of another second', 'no_matching_signature', () => changed({ 'webhook-timestamp': String(NOW / 1_000 + 1) })],
    ['of another version', 'no_matching_signature', () => changed({ 'webhook-signature': 'v2,AAAA v1a,AAAA' })],
    ['that is no base64', 'no_matching_signature', () => changed({ 'webhook-signature': 'v1,%%% v1, v1' })],
    ['behind too many others', 'no_matching_signature', () => behind(20)],
    ['that is not there', 'missing_header', () => changed({ 'webhook-signature': undefined })],
    ['without an id', 'missing_header', () => changed({ 'webhook-id': '' })],
    ['at no time', 'invalid_timestamp', () => changed({ 'webhook-timestamp': '2026-03-02' })],
    ['too old', 'too_old', () => call([NEW], { at: NOW - 5 * MINUTES - 1_000 })],
    ['from the future', 'too_new', () => call([NEW], { at: NOW + 5 * MINUTES + 1_000 })],
  ])('%s is refused', async (_, code, make) => {
    await expect(receiver([NEW]).verify(make())).rejects.toMatchObject({ name: 'SignatureError', code });
  });

  it.each([-5, 5])('may be %d minutes off', async (minutes) => {
    expect((await receiver([NEW]).verify(call([NEW], { at: NOW + minutes * MINUTES }))).id).toBe('run-1');
  });

  it('needs a secret that is one', async () => {
    expect(() => receiver([])).toThrow(TypeError);
    await expect(receiver(['whsec_c2hvcnQ=']).verify(call([NEW]))).rejects.toThrow(/at least 16 bytes/);
    await expect(receiver(['whsec_%%%']).verify(call([NEW]))).rejects.toThrow(TypeError);
  });

  function changed(headers: Record<string, string | undefined>): GivenCall {
    const good = call([NEW]);
    return { ...good, headers: { ...good.headers, ...headers } };
  }

  function behind(count: number): GivenCall {
    return changed({ 'webhook-signature': `${'v1,AAAA '.repeat(count)}${call([NEW]).headers['webhook-signature']}` });
  }
});

describe('the work of a run', () => {
  it('is done once, however often it is called for', async () => {
    const receives = receiver([NEW]);
    const seen: string[] = [];
    const work = ({ id }: Delivery) => seen.push(id);
    const outcomes: string[] = [];
    for (const id of ['run-1', 'run-1', 'run-2', 'run-1']) {
      outcomes.push((await receives.handle(call([NEW], { id }), work)).outcome);
    }
    expect(outcomes).toEqual(['done', 'repeat', 'done', 'repeat']);
    expect(seen).toEqual(['run-1', 'run-2']);
  });

  it('is done again after it failed', async () => {
    const receives = receiver([NEW]);
    await expect(receives.handle(call([NEW]), () => Promise.reject(new Error('no disk')))).rejects.toThrow('no disk');
    expect(await receives.handle(call([NEW]), () => 'written')).toMatchObject({ outcome: 'done', result: 'written' });
  });

  it('is not begun a second time while it is under way', async () => {
    const receives = receiver([NEW]);
    let finish = (): void => undefined;
    const first = receives.handle(call([NEW]), () => new Promise<void>((resolve) => (finish = resolve)));
    const second = await receives.handle(call([NEW]), () => 'twice');
    expect(second.outcome).toBe('underWay');
    finish();
    expect((await first).outcome).toBe('done');
  });

  it('is not done for a stranger, who leaves no trace either', async () => {
    const receives = receiver([NEW]);
    await expect(receives.handle(call([OTHER]), () => 'stolen')).rejects.toMatchObject({
      code: 'no_matching_signature',
    });
    expect((await receives.handle(call([NEW]), () => 'mine')).outcome).toBe('done');
  });

  it('is answered in Request and Response', async () => {
    const receives = receiver([NEW]);
    const request = (secret: string) => {
      const { headers, body } = call([secret]);
      return new Request('http://receiver.test/', { method: 'POST', headers, body: body });
    };
    const respond = async (secret: string, work: () => unknown) =>
      (await receives.respond(request(secret), work)).status;
    expect(await respond(OTHER, () => 'stolen')).toBe(401);
    let during = 0;
    expect(await respond(NEW, async () => (during = await respond(NEW, () => 'twice')))).toBe(204);
    expect(during).toBe(409);
    expect(await respond(NEW, () => 'again')).toBe(204);
  });
});

describe('the memory of ids', () => {
  it('forgets the oldest beyond its capacity, and not what was asked for lately', async () => {
    const store = new MemorySeenStore(2);
    const outcomeOf = async (id: string) => (await once(store, id, () => id)).outcome;
    for (const id of ['a', 'b', 'a', 'c']) await outcomeOf(id);
    expect(await outcomeOf('a')).toBe('repeat');
    expect(await outcomeOf('b')).toBe('done');
  });

  it('may be a store that several processes share', async () => {
    const done = new Set<string>();
    const seen = {
      begin: async (id: string) => (done.has(id) ? ('done' as const) : ('new' as const)),
      done: async (id: string) => void done.add(id),
      release: async () => undefined,
    };
    const replicas = [1, 2].map(() => new Receiver({ secrets: [NEW], now: () => NOW, seen }));
    const outcomes: string[] = [];
    for (const replica of replicas) outcomes.push((await replica.handle(call([NEW]), () => 1)).outcome);
    expect(outcomes).toEqual(['done', 'repeat']);
  });
});
