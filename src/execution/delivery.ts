import { Injectable } from '@nestjs/common';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { ClaimedRun } from '../persistence/claims.repository.js';
import { randomHex } from '../platform/random-hex.js';
import { UnreadableSecret } from '../platform/secrets/key-ring.js';
import { USER_AGENT } from '../platform/version.js';
import { RunSecrets } from './run-secrets.js';
import type { OpenedSecrets } from './run-secrets.js';
import { AccessTokens } from './targets/access-tokens.js';
import type { OAuth2, TokenHolder } from './targets/access-tokens.js';
import { newMarks } from './targets/call-marks.js';
import type { CallMarks } from './targets/call-marks.js';
import type { Cancellation } from './targets/cancellation.js';
import { HttpTarget } from './targets/http-target.js';
import type { Answer } from './targets/http-target.js';
import { buildRequest } from './targets/request.js';
import type { AddressedRun, TargetRequest } from './targets/request.js';

/** Makes the call of one attempt: opens its secrets, builds the request, gets what it needs to be let in, and sends it. */
@Injectable()
export class Delivery {
  constructor(
    private readonly secrets: RunSecrets,
    private readonly tokens: AccessTokens,
    private readonly target: HttpTarget,
  ) {}

  /** Never throws. All of it ends within the target's `timeoutMs`; `cancellation`, which is this attempt's own, ends it from outside. */
  async call(run: ClaimedRun, startedAt: Instant, cancellation: Cancellation, marks = newMarks()): Promise<Answer> {
    let request: TargetRequest;
    let oauth2: OAuth2 | null;
    try {
      const opened = this.secrets.open(run);
      request = this.requestOf(run, opened, startedAt);
      oauth2 = opened.target.auth?.type === 'oauth2' ? opened.target.auth : null;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      // Another replica may have the key.
      if (error instanceof UnreadableSecret) return { kind: 'unreachable', code: 'secret_unreadable', message };
      return { kind: 'refused', code: 'invalid_request', message };
    }
    return this.send(request, { projectId: run.projectId, auth: oauth2 }, cancellation, marks);
  }

  /** What is sent for a run; an access token of OAuth 2 is not there yet. Throws what keeps it from being one. */
  requestOf(run: AddressedRun, { target, signingSecrets }: OpenedSecrets, startedAt: Instant): TargetRequest {
    const sentAtSeconds = Math.floor(startedAt / 1_000);
    const context = { userAgent: USER_AGENT, sentAtSeconds, spanId: randomHex(8), signingSecrets };
    return buildRequest({ ...run, target }, context);
  }

  /** Never throws. */
  send(
    request: TargetRequest,
    { projectId, auth }: { readonly projectId: string; readonly auth: OAuth2 | null },
    cancellation: Cancellation,
    marks: CallMarks,
  ): Promise<Answer> {
    if (auth === null) return this.target.call(request, cancellation, marks);
    return this.callWithToken(request, { projectId, auth }, cancellation, marks);
  }

  /** A token can lose its worth before its end, so that one 401 is answered with a new one. */
  private async callWithToken(
    request: TargetRequest,
    holder: TokenHolder,
    cancellation: Cancellation,
    marks: CallMarks,
  ): Promise<Answer> {
    const deadlineMs = performance.now() + request.timeoutMs;
    for (let isLast = false; ; isLast = true) {
      const token = await this.tokens.get(holder, cancellation.signal, leftMs(deadlineMs));
      if (typeof token !== 'string') return token;
      const answer = await this.target.call(carrying(request, token, leftMs(deadlineMs)), cancellation, marks);
      if (isLast || answer.kind !== 'answered' || answer.status !== 401) return answer;
      await this.tokens.forget(holder, token);
    }
  }
}

function leftMs(deadlineMs: number): number {
  return Math.max(0, Math.ceil(deadlineMs - performance.now()));
}

function carrying(request: TargetRequest, token: string, timeoutMs: number): TargetRequest {
  const authorization = `Bearer ${token}`;
  const secrets = [...(request.secrets ?? []), authorization];
  return { ...request, headers: { ...request.headers, authorization }, secrets, timeoutMs };
}
