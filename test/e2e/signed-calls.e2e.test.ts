import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Receiver } from '../../clients/typescript/src/receiver.js';
import { SignatureError } from '../../clients/typescript/src/signatures.js';
import { waitFor } from '../support/wait-for.js';
import { Replicas } from './replicas.js';

jest.setTimeout(60_000);

interface Handled {
  readonly jobName: string | null;
  readonly attempt: number;
  readonly outcome: string;
  readonly json: unknown;
}

/** A program that takes calls as the client's README shows: each run's work once, and only what the service signed. */
class SignedTarget {
  readonly handled: Handled[] = [];
  refused = 0;
  failures = 0;
  receiver: Receiver | null = null;
  private server: Server | null = null;

  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        void this.answer(request.headers, Buffer.concat(chunks)).then((status) => response.writeHead(status).end());
      });
    });
    await new Promise<void>((resolve) => this.server?.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server?.address() as AddressInfo).port}/`;
  }

  stop(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }

  private async answer(headers: Record<string, string | string[] | undefined>, body: Buffer): Promise<number> {
    try {
      const call = { headers, body };
      const { outcome, delivery } = (await this.receiver?.handle(call, () => undefined)) ?? {};
      this.handled.push({
        ...{ jobName: delivery?.jobName ?? null, attempt: delivery?.attempt ?? 0, outcome: outcome ?? 'none' },
        json: delivery?.json(),
      });
      // The work is done and the answer lost on its way, once: the service can but call again.
      if (this.failures > 0) {
        this.failures -= 1;
        return 503;
      }
      return 200;
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error;
      this.refused += 1;
      return 401;
    }
  }
}

const ROOT = 'the-root-key-of-the-tests';
const target = new SignedTarget();
let replicas: Replicas;
let url: string;
let targetUrl: string;

beforeAll(async () => {
  targetUrl = await target.start();
  const env = { AUTH: 'keys', ROOT_API_KEY: ROOT, EGRESS_ALLOW: '127.0.0.0/8' };
  const encryptionKeys = `test:${Buffer.alloc(32, 7).toString('base64')}`;
  replicas = await Replicas.open({ withRedis: false, env: { ...env, ENCRYPTION_KEYS: encryptionKeys } });
  url = (await replicas.start('all')).service.url;
}, 60_000);

afterAll(async () => {
  target.stop();
  await replicas?.close();
});

async function ask(method: string, path: string, body: unknown, status: number): Promise<Record<string, unknown>> {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${ROOT}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(status);
  return (await response.json()) as Record<string, unknown>;
}

test('calls are signed, a rotation goes unnoticed, repeats are dropped, and what another signed is refused', async () => {
  const { id, secret } = await ask('POST', '/signing-secrets', {}, 201);
  target.receiver = new Receiver({ secrets: [String(secret)] });
  const retry = { initialDelay: 'PT0.1S', maxDelay: 'PT0.1S', backoff: 'fixed' };
  const call = { url: targetUrl, method: 'POST', body: { report: 'ä' } };
  const job = await ask('POST', '/jobs', { name: 'signed', schedule: 'P1D', target: call, retry }, 201);
  const trigger = (): Promise<unknown> => ask('POST', `/jobs/${String(job['id'])}/trigger`, {}, 202);
  const came = (count: number): Promise<number> =>
    waitFor(
      `${count} calls`,
      () => target.handled.length + target.refused,
      (seen) => seen >= count,
      { timeoutMs: 20_000 },
    );

  target.failures = 1;
  await trigger();
  await came(2);
  expect(target.handled).toEqual([
    { jobName: 'signed', attempt: 1, outcome: 'done', json: { report: 'ä' } },
    { jobName: 'signed', attempt: 2, outcome: 'repeat', json: { report: 'ä' } },
  ]);

  // Signed by both while the rotation lasts: who knows the old secret alone still knows the service.
  const rotated = await ask('POST', `/signing-secrets/${String(id)}/rotate`, { overlap: 'PT1H' }, 201);
  await trigger();
  await came(3);
  target.receiver = new Receiver({ secrets: [String(rotated['secret'])] });
  await trigger();
  await came(4);
  expect(target.handled.map(({ outcome }) => outcome)).toEqual(['done', 'repeat', 'done', 'done']);

  target.receiver = new Receiver({ secrets: [`whsec_${Buffer.alloc(32, 1).toString('base64')}`] });
  await trigger();
  await came(5);
  expect([target.handled.length, target.refused]).toEqual([4, 1]);
});
