import { SECRET_MASK } from '../../domain/target-secrets.js';

/** A shorter text is found everywhere: to mask it would spoil what is shown, and show it all the same. */
const LEAST_LENGTH = 4;
/** Of a part of a secret that stands for itself, like one cookie of several. */
const LEAST_PART = 8;

/**
 * Takes secrets out of what a target says, before anyone keeps it: targets like to repeat what they were sent. Finds them as
 * they are, as JSON, URLs and HTML write them, in base64, and without the scheme before a credential.
 */
export class Redaction {
  /** In Latin-1, one character a byte, the longest first: a part of a secret must not hide the whole. */
  private readonly patterns: readonly string[];
  /** Bytes of the longest of them. */
  readonly longest: number;

  constructor(secrets: readonly string[]) {
    const texts = new Set(secrets.flatMap(partsOf).flatMap(formsOf));
    const patterns = [...texts].flatMap((text) => [
      latin1(Buffer.from(text, 'utf8')),
      latin1(Buffer.from(text, 'latin1')),
    ]);
    this.patterns = [...new Set(patterns)].sort((one, other) => other.length - one.length);
    this.longest = this.patterns[0]?.length ?? 0;
  }

  bytes(given: Buffer): Buffer {
    if (this.patterns.length === 0) return given;
    return Buffer.from(this.mask(latin1(given)), 'latin1');
  }

  text(given: string): string {
    if (this.patterns.length === 0) return given;
    return this.bytes(Buffer.from(given, 'utf8')).toString('utf8');
  }

  private mask(text: string): string {
    let masked = text;
    for (const pattern of this.patterns) masked = masked.replaceAll(pattern, SECRET_MASK);
    return masked;
  }
}

function latin1(bytes: Buffer): string {
  return bytes.toString('latin1');
}

/** A header's value, what follows its scheme (RFC 9110, 11.4), and what that holds. */
function partsOf(secret: string): string[] {
  const [, scheme, credential] = /^([A-Za-z][\w-]*) +(\S.*)$/.exec(secret) ?? [];
  const parts = secret.split(/[\s,;=:"]+/).filter((part) => part.length >= LEAST_PART);
  const all = [secret, ...parts, ...(credential === undefined ? [] : [credential])];
  if (scheme?.toLowerCase() === 'basic' && credential !== undefined) {
    const pair = Buffer.from(credential, 'base64').toString('utf8');
    all.push(pair, pair.slice(pair.indexOf(':') + 1));
  }
  return all.filter((text) => text.length >= LEAST_LENGTH && text !== SECRET_MASK);
}

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function formsOf(text: string): string[] {
  return [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(text),
    new URLSearchParams([['', text]]).toString().slice(1),
    text.replace(/[&<>"']/g, (character) => HTML[character] ?? character),
    Buffer.from(text, 'utf8').toString('base64').replace(/=+$/, ''),
    Buffer.from(text, 'utf8').toString('base64url'),
  ];
}
