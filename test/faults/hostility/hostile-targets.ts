import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { gzipSync } from 'node:zlib';

export interface Hostility {
  readonly name: string;
  readonly scheme: 'http' | 'https';
  /** Error code in the ledger; `status` when the answer counts as one. */
  readonly code: string;
  /** Called once a connection, when its first bytes have come. */
  readonly play: (socket: Socket) => void;
}

/** So that several come within a call's time. */
const DRIP_MS = 100;
const HEAD = 'HTTP/1.1 500 No\r\n';
const CHUNK = Buffer.alloc(64 * 1024, 'x');
/** 1 GiB of zeros. */
const BOMB = Buffer.concat(Array<Buffer>(64).fill(gzipSync(Buffer.alloc(16 * 1024 * 1024))));

export const HOSTILITIES: readonly Hostility[] = [
  { name: 'silent', scheme: 'http', code: 'timeout', play: () => undefined },
  {
    name: 'drip',
    scheme: 'http',
    code: 'timeout',
    play: (socket) => drip(socket, `${HEAD}content-length: 999\r\n\r\n`),
  },
  { name: 'drip-head', scheme: 'http', code: 'timeout', play: (socket) => drip(socket, HEAD) },
  {
    name: 'endless',
    scheme: 'http',
    code: 'status',
    play: (socket) => flood(socket, `${HEAD}connection: close\r\n\r\n`, CHUNK),
  },
  { name: 'endless-head', scheme: 'http', code: 'call_failed', play: (socket) => flood(socket, `${HEAD}x: `, CHUNK) },
  {
    name: 'early-hints',
    scheme: 'http',
    code: 'bad_answer',
    play: (socket) => flood(socket, '', Buffer.from('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(1_000))),
  },
  {
    name: 'bomb',
    scheme: 'http',
    code: 'status',
    play: (socket) => {
      socket.write(`${HEAD}content-encoding: gzip\r\ncontent-length: ${BOMB.length}\r\n\r\n`);
      socket.end(BOMB);
    },
  },
  { name: 'reset', scheme: 'http', code: 'connection_reset', play: (socket) => socket.resetAndDestroy() },
  { name: 'reset-body', scheme: 'http', code: 'connection_reset', play: resetWithinBody },
  { name: 'tls-silent', scheme: 'https', code: 'timeout', play: () => undefined },
  {
    name: 'tls-garbage',
    scheme: 'https',
    code: 'tls',
    play: (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
  },
];

interface Connection {
  readonly kind: string;
  /** When the first bytes of the call, or of its handshake, came. A connection that idles was of no call. */
  usedMs: number | null;
  closedMs: number | null;
}

/** One server for each hostility, and when its callers came and went. */
export class HostileTargets {
  readonly connections: Connection[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly urls = new Map<string, string>();
  private readonly servers: Server[] = [];

  static async start(): Promise<HostileTargets> {
    const targets = new HostileTargets();
    for (const hostility of HOSTILITIES) {
      const server = createServer((socket) => targets.accept(hostility, socket));
      await targets.listen(hostility.name, hostility.scheme, server);
    }
    // Without a certificate no handshake comes to an end.
    await targets.listen(
      'tls-none',
      'https',
      createTlsServer().on('tlsClientError', () => undefined),
    );
    return targets;
  }

  get names(): string[] {
    return [...this.urls.keys()];
  }

  url(name: string): string {
    const url = this.urls.get(name);
    if (url === undefined) throw new Error(`there is no target ${name}`);
    return url;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    for (const server of this.servers) {
      server.close();
      await once(server, 'close');
    }
  }

  private async listen(name: string, scheme: string, server: Server): Promise<void> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.servers.push(server);
    this.urls.set(name, `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  }

  private accept({ name, play }: Hostility, socket: Socket): void {
    const connection: Connection = { kind: name, usedMs: null, closedMs: null };
    this.connections.push(connection);
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => {
      connection.usedMs = performance.now();
      play(socket);
    });
    socket.on('data', () => undefined);
    socket.on('close', () => {
      connection.closedMs = performance.now();
      this.sockets.delete(socket);
    });
  }
}

function drip(socket: Socket, head: string): void {
  socket.write(head);
  const timer = setInterval(() => socket.write('x'), DRIP_MS);
  socket.on('close', () => clearInterval(timer));
}

function flood(socket: Socket, head: string, chunk: Buffer): void {
  socket.write(head);
  const pour = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', pour);
  pour();
}

function resetWithinBody(socket: Socket): void {
  socket.write(`${HEAD}content-length: 999\r\n\r\nx`, () => socket.resetAndDestroy());
}
