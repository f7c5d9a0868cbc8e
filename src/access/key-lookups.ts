import { Injectable } from '@nestjs/common';
import { Messages } from '../messaging/messages.js';
import { ApiKeysRepository } from '../persistence/api-keys.repository.js';
import type { PresentedKey } from '../persistence/api-keys.repository.js';
import { OneTurn } from '../platform/one-turn.js';

/** A revoked key opens nothing a second later on any replica, whatever messages were lost: nothing is remembered longer. */
const MAX_AGE_MS = 800;
const MAX_ENTRIES = 20_000;

interface Entry {
  readonly key: Promise<PresentedKey | null>;
  /** On the monotonic clock, before the database was asked: what it answers may be as old as that. */
  readonly askedAtMs: number;
  /** Null until the answer is here. */
  keyId: string | null;
}

/**
 * Keys by their hash, remembered for a moment: a busy key asks the database about once a second on each replica, many keys
 * together.
 */
@Injectable()
export class KeyLookups {
  private readonly entries = new Map<string, Entry>();
  private readonly questions = new OneTurn((hashes: readonly string[]) => this.keys.findPresented(hashes));

  constructor(
    private readonly keys: ApiKeysRepository,
    messages: Messages,
  ) {
    messages.subscribe((message) => {
      if (message.type === 'apiKeyChanged') this.forget(message.keyId);
    });
  }

  /** Requests of one moment share one question. */
  find(hash: string): Promise<PresentedKey | null> {
    const nowMs = performance.now();
    const known = this.entries.get(hash);
    if (known !== undefined && nowMs - known.askedAtMs < MAX_AGE_MS) return known.key;
    const entry: Entry = { key: this.questions.add(hash), askedAtMs: nowMs, keyId: null };
    this.remember(hash, entry);
    entry.key.then(
      (key) => {
        // Guesses are not worth remembering.
        if (key === null) this.drop(hash, entry);
        else entry.keyId = key.id;
      },
      () => this.drop(hash, entry),
    );
    return entry.key;
  }

  private remember(hash: string, entry: Entry): void {
    this.entries.delete(hash); // so that the map stays in order of age
    this.entries.set(hash, entry);
    const [oldest] = this.entries.keys();
    if (this.entries.size > MAX_ENTRIES && oldest !== undefined) this.entries.delete(oldest);
  }

  private drop(hash: string, entry: Entry): void {
    if (this.entries.get(hash) === entry) this.entries.delete(hash);
  }

  /** With those on their way: their answers may be from before the change. */
  private forget(keyId: string): void {
    for (const [hash, entry] of this.entries) {
      if (entry.keyId === keyId || entry.keyId === null) this.entries.delete(hash);
    }
  }
}
