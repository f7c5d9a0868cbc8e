import { createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { parseRateLimit } from '../../domain/rate-limit.js';
import type { RateLimit } from '../../domain/rate-limit.js';
import { parseElapsedMs } from '../../domain/recurrence/duration.js';
import { parseRedisUrl } from '../redis-url.js';

/** Reads one setting's text; undefined when it breaks the rule that `must` states. */
export interface Reader<Value> {
  /** Completes "NAME must be …". */
  readonly must: string;
  /** The text is never repeated in a message. */
  readonly secret?: boolean;
  read(text: string): Value | undefined;
}

export function wholeNumber(least: number, most: number): Reader<number> {
  return {
    must: `a whole number from ${least} to ${most}`,
    read(text) {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
      return value >= least && value <= most ? value : undefined;
    },
  };
}

/** Milliseconds from `30s`, `15m`, `2h`, `1d` or ISO 8601 (`PT30S`); `0` and `0s` where `leastMs` is 0. */
export function durationInMs(leastMs: number, least: string): Reader<number> {
  return {
    must: `a duration of at least ${least}, like 15s, 2h, 30d or PT15S`,
    read(text) {
      const ms = /^(0|0[smhd]|PT0S)$/.test(text) ? 0 : parseElapsedMs(text);
      return ms !== null && ms >= leastMs ? ms : undefined;
    },
  };
}

export function oneOf<const Word extends string>(...words: readonly Word[]): Reader<Word> {
  return {
    must: words.length === 1 ? `${words[0]}` : `one of ${words.join(', ')}`,
    read: (text) => words.find((word) => word === text),
  };
}

export function text(must: string, pattern: RegExp): Reader<string> {
  return { must, read: (given) => (pattern.test(given) ? given : undefined) };
}

/** What lets in. Printable and without spaces, as a header carries it; never repeated. */
export function secretOf(least: number): Reader<string> {
  return {
    must: `${least} to 512 printable characters without a space, like the answer of \`openssl rand -hex 32\``,
    secret: true,
    read: (given) => (given.length >= least && /^[\x21-\x7e]{1,512}$/.test(given) ? given : undefined),
  };
}

/** A key that seals secrets. As a KeyObject it shows in no log. */
export interface EncryptionKey {
  readonly id: string;
  readonly key: KeyObject;
}

const ENCRYPTION_KEY = /^([A-Za-z0-9_.-]{1,32}):([A-Za-z0-9+/_-]{43})=?$/;

/** Key ring: the first seals. */
export const encryptionKeys: Reader<readonly EncryptionKey[]> = {
  must:
    'names and keys of 32 bytes in base64, like k1:<the answer of `openssl rand -base64 32`>, with commas between them, the ' +
    'one that encrypts first, each name once, of 1 to 32 letters, digits and ._-',
  secret: true,
  read(given) {
    const keys: EncryptionKey[] = [];
    for (const entry of given.split(',')) {
      const [, id, text] = ENCRYPTION_KEY.exec(entry.trim()) ?? [];
      if (id === undefined || text === undefined || keys.some((key) => key.id === id)) return undefined;
      keys.push({ id, key: createSecretKey(Buffer.from(text, 'base64')) });
    }
    return keys;
  },
};

/** A server's address; it may hold a password, and so is never repeated. */
export function serverUrl(protocols: readonly string[], example: string): Reader<string> {
  return {
    must: `a URL like ${example}`,
    secret: true,
    read(given) {
      const protocol = protocols.find((known) => given.startsWith(`${known}//`));
      return protocol !== undefined && URL.canParse(given) ? given : undefined;
    },
  };
}

/** One server, Sentinel or a cluster; it may hold a password, and so is never repeated. */
export const redisUrl: Reader<string> = {
  must:
    'a URL like redis://host:6379, redis+sentinel://host:26379,host:26379/master-name or ' +
    'redis+cluster://host:6379,host:6379 (rediss for TLS)',
  secret: true,
  read: (given) => (parseRedisUrl(given) === undefined ? undefined : given),
};

/** Taken by the letter: it must be what the tokens say. */
export const issuerUrl: Reader<string> = {
  must: 'the https URL of an issuer of OpenID Connect without a query, as its tokens have it (http on a loopback address)',
  read(given) {
    const url = URL.canParse(given) ? new URL(given) : null;
    if (url === null || url.username !== '' || url.password !== '' || /[?#]/.test(given)) return undefined;
    const local = url.protocol === 'http:' && isLoopback(url.hostname.replace(/^\[|\]$/g, ''));
    return url.protocol === 'https:' || local ? given : undefined;
  },
};

export const rateLimit: Reader<RateLimit | 'off'> = {
  must: 'requests/window like 1200/1m, with a window of 1s to 1d, or off',
  read: (given) => (given === 'off' ? 'off' : (parseRateLimit(given) ?? undefined)),
};

/** What a target may have although the egress guard would refuse it. A port narrows an exception to itself. */
export interface EgressAllow {
  /** In CIDR notation; a single address is given as /32 or /128. */
  readonly cidrs: readonly { readonly cidr: string; readonly port: number | null }[];
  /** Host names in lower case, without a dot at the end. */
  readonly hosts: readonly { readonly host: string; readonly port: number | null }[];
}

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

export const egressAllow: Reader<EgressAllow> = {
  must: 'CIDRs and host names with commas between them, a port after a colon where only that is meant, like 10.0.0.0/8,hooks.internal:8443,[fd00::1]:443',
  read(given) {
    const cidrs: { cidr: string; port: number | null }[] = [];
    const hosts: { host: string; port: number | null }[] = [];
    for (const entry of given.split(',').map((text) => text.trim().toLowerCase())) {
      if (entry === '') continue;
      const { subject, port } = splitPort(entry);
      if (port !== null && !(port >= 1 && port <= 65_535)) return undefined;
      const cidr = isIP(subject) === 0 ? subject : `${subject}/${isIP(subject) === 4 ? 32 : 128}`;
      if (isCidr(cidr)) cidrs.push({ cidr, port });
      // All digits and dots is an address gone wrong, never a name.
      else if (HOST_NAME.test(subject) && !/^[\d.]+$/.test(subject)) hosts.push({ host: subject, port });
      else return undefined;
    }
    return { cidrs, hosts };
  },
};

/** Addresses and CIDRs. */
export const proxies: Reader<readonly string[]> = {
  must: 'addresses and CIDRs with commas between them, like 10.0.0.0/8,fd00::/8',
  read(given) {
    const entries = given.split(',').map((text) => text.trim().toLowerCase());
    const listed = entries.filter((entry) => entry !== '');
    return listed.every((entry) => isIP(entry) !== 0 || isCidr(entry)) ? listed : undefined;
  },
};

/** Before a port an address of IPv6 stands in brackets, as in a URL. */
function splitPort(entry: string): { subject: string; port: number | null } {
  const parts = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(entry);
  if (parts === null) return { subject: entry, port: null };
  return { subject: parts[1] ?? parts[2] ?? '', port: Number(parts[3]) };
}

function isCidr(given: string): boolean {
  return isIP(given.split('/')[0] ?? '') !== 0 && ipaddr.isValidCIDR(given);
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const family = isIP(host);
  return family !== 0 && LOOPBACK.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

/** It may hold a password, and so is never repeated. */
export const httpUrl: Reader<string> = {
  must: 'an http or https URL without a query, like http://otel-collector:4318',
  secret: true,
  read: (given) => (/^https?:\/\/[^?#\s]+$/.test(given) && URL.canParse(given) ? given : undefined),
};

/** As OpenTelemetry has them: `name=value` with commas between them, values percent-encoded. Mostly they let in. */
export const headerList: Reader<Readonly<Record<string, string>>> = {
  must: 'headers like name=value,name=value with percent-encoded values',
  secret: true,
  read(given) {
    const headers: Record<string, string> = {};
    for (const entry of given.split(',').filter((text) => text.trim() !== '')) {
      const [, name, value] = /^\s*([\w-]{1,100})\s*=\s*([\x21-\x7e]{1,4000}?)\s*$/.exec(entry) ?? [];
      if (name === undefined || value === undefined) return undefined;
      try {
        headers[name.toLowerCase()] = decodeURIComponent(value);
      } catch {
        return undefined;
      }
    }
    return headers;
  },
};

export const share: Reader<number> = {
  must: 'a number from 0 to 1',
  read: (given) => (/^(0|1|0?\.\d{1,9}|[01]\.0{1,9})$/.test(given) ? Number(given) : undefined),
};
