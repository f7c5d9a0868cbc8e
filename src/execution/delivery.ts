import { Injectable } from '@nestjs/common';
import type { Instant } from '../domain/recurrence/schedule.js';
import type { ClaimedRun } from '../persistence/claims.repository.js';
import { Metrics } from '../platform/metrics.js';
import { randomHex } from '../platform/random-hex.js';
import { UnreadableSecret } from '../platform/secrets/key-ring.js';
import { USER_AGENT } from '../platform/version.js';
import { RunTracing } from './run-tracing.js';
import { RunSecrets } from './run-secrets.js';
import { AccessTokens } from './targets/access-tokens.js';
import type { OAuth2, TokenHolder } from './targets/access-tokens.js';
import type { Cancellation } from './targets/cancellation.js';
import { HttpTarget } from './targets/http-target.js';
import type { Answer } from './targets/http-target.js';
import { buildRequest } from './targets/request.js';
import type { TargetRequest } from './targets/request.js';

/** Makes the call of one attempt: opens its secrets, builds the request, gets what it needs to be let in, and sends it. */
@Injectable()
export class Delivery {
  constructor(
    private readonly secrets: RunSecrets,
    private readonly tokens: AccessTokens,
    private readonly target: HttpTarget,
    private readonly metrics: Metrics,
    private readonly tracing: RunTracing,
  ) {}

  /** Never throws. All of it ends within the target's `timeoutMs`; `cancellation`, which is this attempt's own, ends it from outside. */
  call(run: ClaimedRun, startedAt: Instant, cancellation: Cancellation): Promise<Answer> {
    if (run.firstStartedAt === null) this.metrics.observeProjectLateness(run.projectId, startedAt - run.dueAt);
    return this.tracing.isOn ? this.callTraced(run, startedAt, cancellation) : this.make(run, startedAt, cancellation);
  }

  private async callTraced(run: ClaimedRun, startedAt: Instant, cancellation: Cancellation): Promise<Answer> {
    const trace = await this.tracing.begin(run, startedAt);
    const answer = await this.make(run, startedAt, cancellation, trace.traceparent);
    trace.end(answer);
    return answer;
  }

  private async make(
    run: ClaimedRun,
    startedAt: Instant,
    cancellation: Cancellation,
    traceparent?: string,
  ): Promise<Answer> {
    let request: TargetRequest;
    let oauth2: OAuth2 | null;
    try {
      const { target, signingSecrets } = this.secrets.open(run);
      const sentAtSeconds = Math.floor(startedAt / 1_000);
      const context = { userAgent: USER_AGENT, sentAtSeconds, spanId: randomHex(8), traceparent, signingSecrets };
      request = buildRequest({ ...run, target }, context);
      oauth2 = target.auth?.type === 'oauth2' ? target.auth : null;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      // Another replica may have the key.
      if (error instanceof UnreadableSecret) return { kind: 'unreachable', code: 'secret_unreadable', message };
      return { kind: 'refused', code: 'invalid_request', message };
    }
    if (oauth2 === null) return this.target.call(request, cancellation);
    return this.callWithToken(request, { projectId: run.projectId, auth: oauth2 }, cancellation);
  }

  /** A token can lose its worth before its end, so that one 401 is answered with a new one. */
  private async callWithToken(
    request: TargetRequest,
    holder: TokenHolder,
    cancellation: Cancellation,
  ): Promise<Answer> {
    const deadlineMs = performance.now() + request.timeoutMs;
    for (let isLast = false; ; isLast = true) {
      const token = await this.tokens.get(holder, cancellation.signal, leftMs(deadlineMs));
      if (typeof token !== 'string') return token;
      const answer = await this.target.call(carrying(request, token, leftMs(deadlineMs)), cancellation);
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
