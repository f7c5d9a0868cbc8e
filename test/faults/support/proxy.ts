import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/**
 * What becomes of bytes that a client sends:
 * - `pass`: they go on.
 * - `hold`: they and all that follows on this connection wait until `release`.
 * - `drop`: the connection breaks before the server has seen them.
 * - `dropAnswer`: the server gets them, and in place of its answer to a COMMIT the connection breaks. Answers to what was sent
 *   before stay away with it: who breaks a connection at once may take from the server what it has not read yet.
 */
export type Verdict = 'pass' | 'hold' | 'drop' | 'dropAnswer';

/** `cut` breaks what is open and refuses more. `blackhole` keeps all open and moves nothing, both ways. */
export type ProxyMode = 'pass' | 'cut' | 'blackhole';

/** A TCP hop between one replica and one server, on a port that stays the same. */
export class TcpProxy {
  /** Asked for each chunk that comes from a client. A statement of pg mostly is one chunk. */
  intercept: ((chunk: Buffer) => Verdict) | null = null;
  /** Added to every chunk, each way. */
  delayMs: () => number = () => 0;
  private current: ProxyMode = 'pass';
  private otherPort: number | null = null;
  private readonly links = new Set<Link>();

  private constructor(
    private readonly server: Server,
    private readonly targetPort: () => number,
  ) {
    server.on('connection', (client: Socket) => this.accept(client));
  }

  static async start(targetPort: () => number): Promise<TcpProxy> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server, targetPort);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get mode(): ProxyMode {
    return this.current;
  }

  /** Connections whose bytes wait for `release`. */
  get held(): number {
    return [...this.links].filter((link) => link.isHeld).length;
  }

  set(mode: ProxyMode): void {
    this.current = mode;
    if (mode === 'cut') this.breakAll();
    else for (const link of this.links) link.pump();
  }

  /** Lets go what `hold` holds. */
  release(): void {
    for (const link of this.links) link.release();
  }

  /** Another server from now on, as after a failover: what was open to the one before is broken. */
  leadTo(port: number): void {
    this.otherPort = port;
    this.breakAll();
  }

  /** What is open by now is dead without an end, both ways; new connections are well. */
  strand(): void {
    for (const link of this.links) link.strand();
  }

  /** Breaks every open connection; new ones are taken as the mode says. */
  breakAll(): void {
    for (const link of this.links) link.break();
  }

  /** As if it were not there. */
  heal(): void {
    this.intercept = null;
    this.delayMs = () => 0;
    for (const link of this.links) if (link.isStranded || this.otherPort !== null) link.break();
    this.otherPort = null;
    this.set('pass');
    this.release();
  }

  async close(): Promise<void> {
    this.breakAll();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(client: Socket): void {
    if (this.current === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: this.otherPort ?? this.targetPort(), host: '127.0.0.1', noDelay: true });
    const link: Link = new Link(client, server, {
      isOpen: () => this.current === 'pass',
      judge: (chunk) => this.intercept?.(chunk) ?? 'pass',
      delayMs: () => this.delayMs(),
      onEnd: () => this.links.delete(link),
    });
    this.links.add(link);
  }
}

interface LinkRules {
  isOpen: () => boolean;
  judge: (chunk: Buffer) => Verdict;
  delayMs: () => number;
  onEnd: () => void;
}

/** Null ends the flow: the far side closed. */
interface Parcel {
  chunk: Buffer | null;
  sendAtMs: number;
}

/** One connection: a line of parcels each way. */
class Link {
  isHeld = false;
  isStranded = false;
  private swallowsAnswer = false;
  private broken = false;
  private readonly lines: readonly Line[];

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    private readonly rules: LinkRules,
  ) {
    const outward = new Line(server, () => rules.isOpen() && !this.isStranded && !this.isHeld);
    const homeward = new Line(client, () => rules.isOpen() && !this.isStranded);
    this.lines = [outward, homeward];
    client.on('data', (chunk) => this.fromClient(chunk, outward));
    server.on('data', (chunk) => {
      if (!this.swallowsAnswer) this.queue(homeward, chunk);
      else if (chunk.includes('COMMIT')) this.break();
    });
    for (const [source, line] of [
      [client, outward],
      [server, homeward],
    ] as const) {
      source.on('error', () => undefined);
      source.on('close', () => this.queue(line, null));
    }
  }

  pump(): void {
    for (const line of this.lines) line.pump();
  }

  release(): void {
    this.isHeld = false;
    this.pump();
  }

  strand(): void {
    this.isStranded = true;
  }

  break(): void {
    if (this.broken) return;
    this.broken = true;
    for (const socket of [this.client, this.server]) if (!socket.destroyed) socket.resetAndDestroy();
    this.rules.onEnd();
  }

  private fromClient(chunk: Buffer, line: Line): void {
    const verdict = this.isHeld ? 'pass' : this.rules.judge(chunk);
    if (verdict === 'drop') {
      this.break();
      return;
    }
    if (verdict === 'hold') this.isHeld = true;
    if (verdict === 'dropAnswer') this.swallowsAnswer = true;
    this.queue(line, chunk);
  }

  private queue(line: Line, chunk: Buffer | null): void {
    if (this.broken) return;
    line.add({ chunk, sendAtMs: performance.now() + this.rules.delayMs() });
    if (this.client.destroyed && this.server.destroyed) this.rules.onEnd();
  }
}

class Line {
  private readonly parcels: Parcel[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly sink: Socket,
    private readonly mayMove: () => boolean,
  ) {}

  add(parcel: Parcel): void {
    this.parcels.push(parcel);
    this.pump();
  }

  pump(): void {
    clearTimeout(this.timer);
    for (let next = this.parcels[0]; next !== undefined && this.mayMove(); next = this.parcels[0]) {
      const waitMs = next.sendAtMs - performance.now();
      if (waitMs > 0) {
        this.timer = setTimeout(() => this.pump(), waitMs);
        return;
      }
      this.parcels.shift();
      if (this.sink.destroyed) continue;
      if (next.chunk === null) this.sink.end();
      else this.sink.write(next.chunk);
    }
  }
}
