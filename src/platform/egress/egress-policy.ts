import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import ipaddr from 'ipaddr.js';
import { Config } from '../config.js';
import { INTERNAL_PORTS } from './internal-ports.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

interface Exception {
  /** Null: by its host. */
  readonly range: [Address, number] | null;
  readonly host: string | null;
  /** Null: any but the ports of internal services. */
  readonly port: number | null;
}

/** Where a call is to go: the host as the URL parser writes it, without brackets. */
export interface Destination {
  readonly host: string;
  /** Null: any that EGRESS_ALLOW does not name, and that is no internal service's. */
  readonly port: number | null;
}

/** Cloud metadata services outside the link-local range. */
const METADATA_ADDRESSES = new Set(
  ['168.63.129.16', '100.100.100.200', '192.0.0.192', 'fd00:ec2::254', 'fd20:ce::254', 'fd00:42::42'].map((address) =>
    ipaddr.parse(address).toNormalizedString(),
  ),
);
const METADATA_NAMES: ReadonlySet<string> = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
  'metadata.azure.internal',
  'metadata.azure.com',
  'metadata.tencentyun.com',
  'metadata.platformequinix.com',
  'metadata.packet.net',
  'api.metadata.cloud.ibm.com',
  'rancher-metadata',
]);

const GIVEN_OUT: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];
const LOCAL_RANGES: readonly string[] = ['loopback', 'private', 'uniqueLocal'];
/** What a host that EGRESS_ALLOW names may have: never link-local or a metadata service, wherever its name may lead. */
const NAMED_RANGES: readonly string[] = [...LOCAL_RANGES, 'carrierGradeNat'];

/**
 * Where targets may lie: on public addresses, at ports that are not those of internal services, and where EGRESS_ALLOW
 * says so. Beside an open API on loopback, where whoever can register a job reaches local addresses anyway, those are
 * allowed too. Asked when a target is set, and of each address when it is called.
 */
@Injectable()
export class EgressPolicy {
  /** Open mode: targets may have loopback and private addresses. */
  readonly allowsLocal: boolean;
  /** Ports that EGRESS_ALLOW names; all others are alike to it. */
  readonly namedPorts: ReadonlySet<number>;
  private readonly exceptions: readonly Exception[];

  constructor({ auth, egressAllow }: Config) {
    this.allowsLocal = auth === 'open';
    this.exceptions = [
      ...egressAllow.cidrs.map(({ cidr, port }) => ({ range: ipaddr.parseCIDR(cidr), host: null, port })),
      ...egressAllow.hosts.map(({ host, port }) => ({ range: null, host, port })),
    ];
    this.namedPorts = new Set(this.exceptions.flatMap(({ port }) => port ?? []));
  }

  /**
   * Why nothing at this destination may be called, as far as its text tells: an address, a name with a known one, a port.
   * Null when it may be, or when only resolving its name can tell.
   */
  refuse(destination: Destination): string | null {
    const { port } = destination;
    const host = plainHost(destination.host);
    if (isInternal(port) && !this.namedPorts.has(port)) {
      return `has the port ${port}, which belongs to an internal service`;
    }
    if (isIP(host) !== 0) {
      return this.allowsAddress(host, destination) ? null : 'has an address that targets may not have';
    }
    if (METADATA_NAMES.has(host) && !this.isNamed(host, port)) return 'has the name of a metadata service';
    // RFC 6761: no resolver may make anything else of it.
    const isLocalhost = host === 'localhost' || host.endsWith('.localhost');
    if (isLocalhost && !['127.0.0.1', '::1'].some((address) => this.allowsAddress(address, destination))) {
      return 'has the name of this machine';
    }
    return null;
  }

  /** Whether an IP address may be called for this destination, to which it belongs or to which its name resolved. */
  allowsAddress(address: string, { host, port }: Destination): boolean {
    if (isIP(address) === 0) return false;
    // An IPv4 address inside of an IPv6 one is judged as what it is.
    const ip = ipaddr.process(address);
    const name = plainHost(host);
    const applying = this.exceptions.filter(
      (exception) => (exception.port === null || exception.port === port) && covers(exception, ip, name),
    );
    if (isInternal(port) && !applying.some((exception) => exception.port === port)) return false;
    if (applying.some((exception) => exception.range !== null)) return true;
    if (METADATA_ADDRESSES.has(ip.toNormalizedString())) return false;
    const range = rangeOf(ip);
    if (range === 'unicast') return true;
    if (this.allowsLocal && LOCAL_RANGES.includes(range)) return true;
    return applying.length > 0 && NAMED_RANGES.includes(range);
  }

  private isNamed(host: string, port: number | null): boolean {
    return this.exceptions.some(
      (exception) => exception.host === host && (exception.port === null || exception.port === port),
    );
  }
}

/** The destination of an http or https URL. */
export function destinationOf(url: URL): Destination {
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port };
}

function isInternal(port: number | null): port is number {
  return port !== null && INTERNAL_PORTS.has(port);
}

/** In lower case and without the root's dot: `Metadata.Google.Internal.` names the same host. */
function plainHost(host: string): string {
  return host.toLowerCase().replace(/\.+$/, '');
}

function covers({ range, host }: Exception, ip: Address, name: string): boolean {
  if (range === null) return host === name;
  return range[0].kind() === ip.kind() && ip.match(range);
}

/** Of IPv6 only 2000::/3 is given out. ipaddr.js calls the rest unicast too, even ::7f00:1, which is 127.0.0.1 once more. */
function rangeOf(ip: Address): string {
  const range = ip.range();
  return range === 'unicast' && ip instanceof ipaddr.IPv6 && !ip.match(GIVEN_OUT) ? 'reserved' : range;
}
