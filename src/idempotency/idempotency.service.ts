import { createHash, createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Problem } from '../domain/errors.js';
import { canonicalJson } from '../domain/json.js';
import { KeptAnswersRepository, lockNameOf } from '../persistence/kept-answers.repository.js';
import type { KeptAnswer, KeyOfAnswer } from '../persistence/kept-answers.repository.js';
import { Writes } from '../persistence/writes.js';
import { Clock } from '../platform/clock.js';
import { open, seal } from './sealed-text.js';

/** A request with an idempotency key. */
export interface Asked {
  readonly projectId: string;
  readonly key: string;
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
  /** The credential that the answer may be read with again; null where every caller of the project may read it. */
  readonly readableWith: string | null;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const IN_USE_RETRY_SECONDS = 1;

/**
 * Carries a request out once for each key. The write and its answer are kept in one transaction: who repeats a request gets
 * the answer when the write took effect, even if nobody saw it, and has it done when it did not. Refusals are not kept: they
 * wrote nothing, and may be right no more.
 */
@Injectable()
export class IdempotencyService {
  constructor(
    private readonly writes: Writes,
    private readonly answers: KeptAnswersRepository,
    private readonly clock: Clock,
  ) {}

  /** The answer, and whether it was given before. */
  once(asked: Asked, perform: () => Promise<Answer>): Promise<{ answer: Answer; replayed: boolean }> {
    const id: KeyOfAnswer = { projectId: asked.projectId, keyHash: sha256(asked.key) };
    const fingerprint = fingerprintOf(asked);
    return this.writes.asOne(lockNameOf(id), async (locking, sql) => {
      const [isLocked, kept] = await Promise.all([locking, this.answers.find(id, this.clock.now())]);
      if (!isLocked) throw inUse();
      if (kept !== null) return { answer: readKept(kept, fingerprint, asked), replayed: true };
      const answer = await perform();
      const keeping = this.answers.keep(id, { ...answer, fingerprint, body: textOf(answer, asked) }, this.clock.now());
      sql.leaveToCommit(keeping);
      return { answer, replayed: false };
    });
  }
}

/** Keyed by the client's key, which is not kept: from what is kept nobody can try out what a request said. */
function fingerprintOf({ key, method, url, body, readableWith }: Asked): string {
  return createHmac('sha256', key)
    .update(JSON.stringify([method, url, canonicalJson(body), readableWith]))
    .digest('hex');
}

function textOf({ body }: Answer, { key, projectId, readableWith }: Asked): string {
  const text = JSON.stringify(body ?? null);
  return readableWith === null ? text : seal(text, `${key}\n${readableWith}`, projectId);
}

function readKept(kept: KeptAnswer, fingerprint: string, { key, projectId, readableWith }: Asked): Answer {
  if (kept.fingerprint !== fingerprint) throw reused(readableWith !== null);
  const text = readableWith === null ? kept.body : open(kept.body, `${key}\n${readableWith}`, projectId);
  return { status: kept.status, headers: kept.headers, body: JSON.parse(text) as unknown };
}

function reused(shownOnce: boolean): Problem {
  const detail = 'this idempotency-key came with another request before: another path or body';
  return new Problem('idempotency_key_reused', shownOnce ? `${detail}, or another credential` : detail);
}

function inUse(): Problem {
  return new Problem(
    'idempotency_key_in_use',
    'the first request with this idempotency-key is still under way; try again in a moment for its answer',
    [],
    IN_USE_RETRY_SECONDS,
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
