import { BlockList, isIP } from 'node:net';
import type { LookupFunction, Socket } from 'node:net';
import { lookup as systemLookup } from 'node:dns';
import { Injectable } from '@nestjs/common';
import ipaddr from 'ipaddr.js';
import { buildConnector } from 'undici';
import { Config } from '../../platform/config.js';

/** Refused before or while connecting: the target lies where calls must not go. */
export class EgressBlockedError extends Error {
  readonly code = 'EGRESS_BLOCKED';

  constructor(host: string) {
    super(`${host} is not an address that targets may have; EGRESS_ALLOW lists exceptions`);
  }
}

/** Cloud metadata services outside the link-local range. */
const METADATA = ['168.63.129.16', '100.100.100.200', 'fd00:ec2::254'];
const GIVEN_OUT: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];
const OPEN_MODE_RANGES = ['loopback', 'private', 'uniqueLocal'];

/**
 * Keeps calls to targets on public addresses. The literal, every resolved address and the address of the peer are each
 * judged, so that neither notation nor a name that resolves anew can lead elsewhere. Beside an open API on loopback, where
 * whoever can register a job can reach local addresses anyway, those are allowed.
 */
@Injectable()
export class EgressGuard {
  private readonly allowed = new BlockList();
  private readonly allowedHosts: ReadonlySet<string>;

  constructor(private readonly config: Config) {
    for (const cidr of config.egressAllow.cidrs) {
      const [address = '', bits = ''] = cidr.split('/');
      this.allowed.addSubnet(address, Number(bits), isIP(address) === 4 ? 'ipv4' : 'ipv6');
    }
    this.allowedHosts = new Set(config.egressAllow.hosts);
  }

  /** Whether a target may have this IP address. */
  allows(address: string): boolean {
    if (isIP(address) === 0) return false;
    const ip = ipaddr.process(address);
    if (this.allowed.check(ip.toString(), ip.kind())) return true;
    if (METADATA.some((metadata) => ipaddr.process(metadata).toNormalizedString() === ip.toNormalizedString())) {
      return false;
    }
    const range = rangeOf(ip);
    return range === 'unicast' || (this.config.auth === 'open' && OPEN_MODE_RANGES.includes(range));
  }

  /** Connects for undici: resolves, judges every address, connects, and judges the peer. */
  connector(): buildConnector.connector {
    const connect = buildConnector({ lookup: this.lookup, timeout: 10_000 });
    return (options, callback) => {
      const host = options.hostname.replace(/^\[|\]$/g, '');
      const named = this.allowedHosts.has(host.toLowerCase());
      if (isIP(host) !== 0 && !this.allows(host)) {
        callback(new EgressBlockedError(host), null);
        return;
      }
      connect(options, (error, socket: Socket | null | undefined) => {
        // On failure undici gives no socket at all, whatever its types say.
        if (socket == null) {
          callback(error, null);
        } else if (!named && !this.allowsPeer(socket)) {
          socket.destroy();
          callback(new EgressBlockedError(host), null);
        } else callback(null, socket);
      });
    };
  }

  private allowsPeer(socket: Socket): boolean {
    return socket.remoteAddress !== undefined && this.allows(socket.remoteAddress);
  }

  /** Refuses a name as soon as one of its addresses is forbidden: which one is dialled must not be left to chance. */
  private readonly lookup: LookupFunction = (hostname, options, callback) => {
    systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, '', 0);
        return;
      }
      const named = this.allowedHosts.has(hostname.toLowerCase());
      const first = addresses[0];
      if (first === undefined || (!named && addresses.some(({ address }) => !this.allows(address)))) {
        callback(new EgressBlockedError(hostname), '', 0);
      } else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** Of IPv6 only 2000::/3 is given out. ipaddr.js calls the rest unicast too, even ::7f00:1, which is 127.0.0.1 once more. */
function rangeOf(ip: ipaddr.IPv4 | ipaddr.IPv6): string {
  const range = ip.range();
  return range === 'unicast' && ip instanceof ipaddr.IPv6 && !ip.match(GIVEN_OUT) ? 'reserved' : range;
}
