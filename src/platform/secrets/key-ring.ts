import { createCipheriv, createDecipheriv, randomBytes, timingSafeEqual } from 'node:crypto';
import type { EncryptionKey } from '../config.js';

const ALGORITHM = 'aes-256-gcm';
/** NIST SP 800-38D, 8.2.2: random ones, good for 2^32 secrets under one key. */
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** A sealed text that can't be opened here. Says which key and where, never what. */
export class UnreadableSecret extends Error {
  override readonly name = 'UnreadableSecret';
}

/**
 * Where a sealed text stands: table and column, its row, and what else it must not be parted from. Opened for any other
 * place it is refused, so that nobody who can only write rows moves a secret to where it would be sent or shown.
 */
export type SealPlace = readonly [column: string, ...row: string[]];

/**
 * Seals secrets for the database with AES-256-GCM, and opens them. A sealed text is `<key id>:<base64url>`, of the IV, the
 * encrypted text and the tag. The first key of ENCRYPTION_KEYS seals; all of them open.
 */
export class KeyRing {
  private readonly keys: ReadonlyMap<string, EncryptionKey>;
  private readonly first: EncryptionKey | null;

  /** In the order of ENCRYPTION_KEYS, each id once. */
  constructor(keys: readonly EncryptionKey[]) {
    this.keys = new Map(keys.map((key) => [key.id, key]));
    this.first = keys[0] ?? null;
  }

  /** Id of the key that seals; null when there is none. */
  get sealsWith(): string | null {
    return this.first?.id ?? null;
  }

  has(keyId: string): boolean {
    return this.keys.has(keyId);
  }

  /** Throws without a key: ask `sealsWith` before. */
  seal(text: string, place: SealPlace): string {
    if (this.first === null) throw new Error('there is no key to seal with');
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.first.key, iv);
    cipher.setAAD(aadOf(place));
    const sealed = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${this.first.id}:${sealed.toString('base64url')}`;
  }

  /** Throws an UnreadableSecret: for want of its key, or for it was sealed elsewhere, with another key, or is damaged. */
  open(sealed: string, place: SealPlace): string {
    const keyId = keyIdOf(sealed);
    const found = this.keys.get(keyId);
    if (found === undefined) {
      throw new UnreadableSecret(`a secret is sealed with the key "${keyId}", which ENCRYPTION_KEYS lacks here`);
    }
    const bytes = Buffer.from(sealed.slice(keyId.length + 1), 'base64url');
    try {
      const decipher = createDecipheriv(ALGORITHM, found.key, bytes.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(aadOf(place));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      return decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    } catch {
      throw new UnreadableSecret(
        `a secret in ${place[0]} can't be opened with the key "${keyId}" of ENCRYPTION_KEYS: it was sealed with another key ` +
          'of that name or for another place, or is damaged',
      );
    }
  }

  /** Whether this is the text that was sealed. False also when it can't be opened. */
  matches(sealed: string, text: string, place: SealPlace): boolean {
    try {
      const [one, other] = [Buffer.from(this.open(sealed, place)), Buffer.from(text)];
      return one.length === other.length && timingSafeEqual(one, other);
    } catch (error) {
      if (error instanceof UnreadableSecret) return false;
      throw error;
    }
  }
}

/** Key ids hold no colon. */
export function keyIdOf(sealed: string): string {
  return sealed.slice(0, Math.max(0, sealed.indexOf(':')));
}

/** As JSON, so that no two places have the same bytes. */
function aadOf(place: SealPlace): Buffer {
  return Buffer.from(JSON.stringify(place), 'utf8');
}
