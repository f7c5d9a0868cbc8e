import type { LookupFunction, Socket } from 'node:net';
import { lookup as systemLookup } from 'node:dns';
import { Injectable } from '@nestjs/common';
import { buildConnector } from 'undici';
import { EgressPolicy } from '../../platform/egress/egress-policy.js';
import type { Destination } from '../../platform/egress/egress-policy.js';
import type { CallMarks } from './call-marks.js';
import type { ClientCertificate } from './request.js';

/** Refused before or while connecting: the target lies where calls must not go. */
export class EgressBlockedError extends Error {
  readonly code = 'EGRESS_BLOCKED';

  constructor(host: string) {
    super(`${host} is not where targets may lie; EGRESS_ALLOW lists exceptions`);
  }
}

type Lookup = Parameters<LookupFunction>;
type OptionsAndCallback = [Lookup[1], Lookup[2]];

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Keeps calls to where the policy allows targets. The literal, every resolved address and the address of the peer are each
 * judged, so that neither notation nor a name that resolves anew can lead elsewhere.
 */
@Injectable()
export class EgressGuard {
  /** Of the call that is being handed to undici: it asks for a connection, and that for addresses, before it returns. */
  private marks: CallMarks | null = null;

  constructor(private readonly policy: EgressPolicy) {}

  /** What `send` has undici connect, before it returns, is marked as this call's. */
  marking<Result>(marks: CallMarks, send: () => Result): Result {
    this.marks = marks;
    try {
      return send();
    } finally {
      this.marks = null;
    }
  }

  /**
   * Connects for undici: judges the host, resolves, judges every address, connects, and judges the peer. A client certificate
   * has a connector of its own: TLS sessions are not shared with other clients.
   */
  connector(certificate?: ClientCertificate): buildConnector.connector {
    // A lookup is not told the port. It only matters where EGRESS_ALLOW names it; all others share a connector and its
    // TLS sessions.
    const others = this.connectorFor(null, certificate);
    const byPort = new Map([...this.policy.namedPorts].map((port) => [port, this.connectorFor(port, certificate)]));
    return (options, callback) => {
      const port = Number(options.port) || (options.protocol === 'https:' ? 443 : 80);
      const destination = { host: options.hostname.replace(/^\[|\]$/g, ''), port };
      if (this.policy.refuse(destination) !== null) {
        callback(new EgressBlockedError(destination.host), null);
        return;
      }
      const connect = byPort.get(port) ?? others;
      const { marks } = this;
      connect(options, (error, socket: Socket | null | undefined) => {
        // On failure undici gives no socket at all, whatever its types say.
        if (socket == null) {
          callback(error, null);
        } else if (!this.allowsPeer(socket, destination)) {
          socket.destroy();
          callback(new EgressBlockedError(destination.host), null);
        } else {
          if (marks !== null) marks.connectedAtMs = performance.now();
          callback(null, socket);
        }
      });
    };
  }

  /** Asks for a name's addresses; a replica asks the system. */
  protected resolve(...[hostname, options, callback]: Lookup): void {
    systemLookup(hostname, options, callback);
  }

  private connectorFor(port: number | null, certificate?: ClientCertificate): buildConnector.connector {
    return buildConnector({
      ...(certificate !== undefined && tlsOf(certificate)),
      lookup: (hostname, options, callback) => this.lookup({ host: hostname, port }, options, callback),
      timeout: CONNECT_TIMEOUT_MS,
    });
  }

  private allowsPeer({ remoteAddress }: Socket, destination: Destination): boolean {
    return remoteAddress !== undefined && this.policy.allowsAddress(remoteAddress, destination);
  }

  /** Refuses a name as soon as one of its addresses is forbidden: which one is dialled must not be left to chance. */
  private lookup(destination: Destination, ...[options, callback]: OptionsAndCallback): void {
    const { marks } = this;
    this.resolve(destination.host, { ...options, all: true }, (error, resolved) => {
      if (marks !== null && error === null) marks.resolvedAtMs = performance.now();
      if (error !== null) {
        callback(error, '', 0);
        return;
      }
      const addresses = typeof resolved === 'string' ? [] : resolved;
      const first = addresses[0];
      if (first === undefined || addresses.some(({ address }) => !this.policy.allowsAddress(address, destination))) {
        callback(new EgressBlockedError(destination.host), '', 0);
      } else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  }
}

function tlsOf({ certificate, privateKey, ca }: ClientCertificate): { cert: string; key: string; ca?: string } {
  return { cert: certificate, key: privateKey, ...(ca !== undefined && { ca }) };
}
