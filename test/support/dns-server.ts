import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns';
import { once } from 'node:events';
import { isIP } from 'node:net';

const TYPES: Readonly<Record<number, number>> = { 1: 4, 28: 6 };

/** Addresses of a name, each time that it is asked for: `turn` counts the questions for it, whatever their type, from 1. */
export type Zone = (name: string, turn: number) => readonly string[];

export interface DnsServer {
  readonly resolver: Resolver;
  readonly questions: string[];
  close(): Promise<void>;
}

/** A name server on loopback that answers A and AAAA as told, with nothing to keep (TTL 0). */
export async function startDnsServer(zone: Zone): Promise<DnsServer> {
  const socket = createSocket('udp4');
  const turns = new Map<string, number>();
  const questions: string[] = [];
  socket.on('message', (query, from) => {
    const { name, type, end } = readQuestion(query);
    const key = `${name} ${type}`;
    turns.set(key, (turns.get(key) ?? 0) + 1);
    questions.push(key);
    const addresses = zone(name, turns.get(key) ?? 1).filter((address) => isIP(address) === TYPES[type]);
    socket.send(answer(query.subarray(0, end), type, addresses), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const resolver = new Resolver({ timeout: 1_000, tries: 2 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  return {
    resolver,
    questions,
    async close() {
      resolver.cancel();
      socket.close();
      await once(socket, 'close');
    },
  };
}

/** RFC 1035, 4.1.2: the name in labels, then type and class. */
function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function answer(question: Buffer, type: number, addresses: readonly string[]): Buffer {
  const head = Buffer.from(question);
  head.writeUInt16BE(0x8580, 2); // an answer, with authority, recursion at hand
  head.writeUInt16BE(addresses.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, ...addresses.map((address) => record(type, bytesOf(address)))]);
}

function record(type: number, data: Buffer): Buffer {
  const fields = Buffer.alloc(12);
  fields.writeUInt16BE(0xc00c, 0); // the name in the question
  fields.writeUInt16BE(type, 2);
  fields.writeUInt16BE(1, 4);
  fields.writeUInt16BE(data.length, 10);
  return Buffer.concat([fields, data]);
}

function bytesOf(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  // The URL parser writes an IPv4 part in hexadecimal too.
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [left, right] = [groups(head), groups(tail ?? '')];
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => '0');
  return Buffer.from([...left, ...zeros, ...right].map((group) => group.padStart(4, '0')).join(''), 'hex');
}
