import { randomInt } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { V7Generator } from 'uuidv7';
import { Problem } from '../../domain/errors.js';
import type { HttpTarget } from '../../domain/job.js';
import type { Instant } from '../../domain/recurrence/schedule.js';
import { takesBody } from '../../domain/target.js';
import { changeSecrets, SECRET_MASK } from '../../domain/target-secrets.js';
import type { SecretChanges } from '../../domain/target-secrets.js';
import { JobSecretsRepository } from '../../persistence/job-secrets.repository.js';
import { JobsRepository } from '../../persistence/jobs.repository.js';
import type { StoredJob } from '../../persistence/jobs.repository.js';
import { SigningSecretsRepository } from '../../persistence/signing-secrets.repository.js';
import { Writes } from '../../persistence/writes.js';
import { Clock } from '../../platform/clock.js';
import { UnreadableSecret } from '../../platform/secrets/key-ring.js';
import { pointerOf } from '../../platform/validation/faults.js';
import { refuseBody } from '../../platform/validation/request-validation.pipe.js';
import { Delivery } from '../delivery.js';
import { judge } from '../outcome.js';
import { RunSecrets } from '../run-secrets.js';
import type { OpenedSecrets } from '../run-secrets.js';
import { newMarks, sinceStart } from '../targets/call-marks.js';
import type { Cancellation } from '../targets/cancellation.js';
import type { Answer } from '../targets/http-target.js';
import { Redaction } from '../targets/redaction.js';
import type { AddressedRun, TargetRequest } from '../targets/request.js';
import type { TargetTestInput, TargetTestView } from './target-tests.schemas.js';

/** A request waits for it, and so does a connection to Postgres where it has an idempotency key. */
const LONGEST_MS = 15_000;
const AT_ONCE = 8;
const AT_ONCE_A_PROJECT = 4;
const RETRY_SECONDS = 2;

const ids = new V7Generator();

/** Calls a target once, as a run's attempt would, without a run. Here, not beside jobs: it is the calls' own machinery. */
@Injectable()
export class TargetTestsService {
  private readonly underWay = new Map<string, number>();

  constructor(
    private readonly delivery: Delivery,
    private readonly secrets: RunSecrets,
    private readonly jobs: JobsRepository,
    private readonly jobSecrets: JobSecretsRepository,
    private readonly signingSecrets: SigningSecretsRepository,
    private readonly writes: Writes,
    private readonly clock: Clock,
  ) {}

  async test(projectId: string, input: TargetTestInput, cancellation: Cancellation): Promise<TargetTestView> {
    this.enter(projectId);
    try {
      const job = input.jobId === undefined ? null : await this.jobOf(projectId, input.jobId);
      const now = this.clock.now();
      const run = trialRun(input, job, now);
      const view = await this.call(projectId, run, secretsIn(input, job), now, cancellation);
      const { outcome, status, error } = view;
      const { method, url } = run.target;
      const after = { method, url, outcome, status, error: error?.code ?? null };
      const note = { projectId, action: 'target.test' as const, thingId: run.jobId, thingName: job?.name ?? null };
      await this.writes.run(async () => ({ result: null, notes: [{ ...note, before: null, after }] }));
      return view;
    } finally {
      this.leave(projectId);
    }
  }

  private async call(
    projectId: string,
    run: AddressedRun,
    changes: SecretChanges,
    now: Instant,
    cancellation: Cancellation,
  ): Promise<TargetTestView> {
    let opened: OpenedSecrets;
    let request: TargetRequest;
    const marks = newMarks();
    const startedMs = performance.now();
    try {
      opened = await this.open(projectId, run, changes, now);
      request = this.delivery.requestOf(run, opened, now);
    } catch (error) {
      if (!(error instanceof UnreadableSecret)) throw error;
      const answer = { kind: 'unreachable', code: 'secret_unreadable', message: error.message } as const;
      return viewOf(run.target, null, answer, { startedMs, marks }, now);
    }
    request.headers['carillon-test'] = 'true';
    await this.writes.keepWaiting(LONGEST_MS + 5_000);
    const sentMs = performance.now();
    const auth = opened.target.auth?.type === 'oauth2' ? opened.target.auth : null;
    const answer = await this.delivery.send(request, { projectId, auth }, cancellation, marks);
    return viewOf(run.target, request, answer, { startedMs: sentMs, marks }, now);
  }

  private async open(
    projectId: string,
    run: AddressedRun,
    { target, given }: SecretChanges,
    now: Instant,
  ): Promise<OpenedSecrets> {
    const [stored, signingSecrets] = await Promise.all([
      this.jobSecrets.find([run.jobId]),
      this.signingSecrets.inUse(projectId, now),
    ]);
    const sealed = Object.fromEntries(stored.get(run.jobId) ?? []);
    const texts = new Map(given.map(({ place, text }) => [place, text]));
    return this.secrets.open({ jobId: run.jobId, projectId, target, secrets: sealed, signingSecrets }, texts);
  }

  private async jobOf(projectId: string, id: string): Promise<StoredJob> {
    const job = await this.jobs.find(projectId, id);
    if (job === null) throw new Problem('not_found', 'there is no such job');
    return job;
  }

  private enter(projectId: string): void {
    const total = [...this.underWay.values()].reduce((sum, count) => sum + count, 0);
    const own = this.underWay.get(projectId) ?? 0;
    if (own >= AT_ONCE_A_PROJECT || total >= AT_ONCE) {
      const detail = 'as many tests of targets are under way here as may be; try again when one of them has ended';
      throw new Problem('too_many_tests', detail, [], RETRY_SECONDS);
    }
    this.underWay.set(projectId, own + 1);
  }

  private leave(projectId: string): void {
    const left = (this.underWay.get(projectId) ?? 1) - 1;
    if (left === 0) this.underWay.delete(projectId);
    else this.underWay.set(projectId, left);
  }
}

/** What is called for: it has an id as a run does, and none of the ledger's. */
function trialRun({ target, body }: TargetTestInput, job: StoredJob | null, now: Instant): AddressedRun {
  if (body !== undefined && body !== null && !takesBody(target)) {
    throw refuseBody([{ pointer: '/body', code: 'not_allowed', detail: `is not possible with ${target.method}` }]);
  }
  const id = ids.generateOrResetWithTs(now).toString();
  return {
    id,
    scheduledFor: now,
    jobId: job?.id ?? ids.generateOrResetWithTs(now).toString(),
    jobName: job?.name ?? `test-${randomInt(1_000_000)}`,
    attempt: 1,
    body: body === undefined || body === null ? null : JSON.stringify(body),
    target: { ...target, timeoutMs: Math.min(target.timeoutMs, LONGEST_MS) },
  };
}

/** Masks that stand for nothing, or for what was kept for somewhere else, are refused as they are when a job is edited. */
function secretsIn({ target }: TargetTestInput, job: StoredJob | null): SecretChanges {
  const changes = changeSecrets({ ...target, timeoutMs: Math.min(target.timeoutMs, LONGEST_MS) }, job?.target ?? null);
  if (changes.unusable.length === 0) return changes;
  throw refuseBody(
    changes.unusable.map(({ path, code, detail }) => ({ pointer: pointerOf(['target', ...path]), code, detail })),
  );
}

function viewOf(
  target: HttpTarget,
  request: TargetRequest | null,
  answer: Answer,
  { startedMs, marks }: { readonly startedMs: number; readonly marks: ReturnType<typeof newMarks> },
  now: Instant,
): TargetTestView {
  const { outcome, error } = judge(target, answer, now);
  const status = answer.kind === 'answered' ? answer.status : null;
  return {
    outcome: outcome === 'lost' ? 'cancelled' : outcome,
    status,
    durationMs: Math.round(performance.now() - startedMs),
    timings: {
      resolvedMs: sinceStart(marks.resolvedAtMs, startedMs),
      connectedMs: sinceStart(marks.connectedAtMs, startedMs),
      firstByteMs: sinceStart(marks.firstByteAtMs, startedMs),
      doneMs: sinceStart(marks.doneAtMs, startedMs),
    },
    request: request === null ? null : shownRequest(request),
    response:
      answer.kind === 'answered'
        ? { status: answer.status, headers: answer.headers?.() ?? {}, bodyExcerpt: answer.bodyExcerpt }
        : null,
    error,
  };
}

function shownRequest({ method, url, headers, body, secrets = [] }: TargetRequest): TargetTestView['request'] {
  const redaction = new Redaction(secrets);
  const isSecret = (text: string): boolean => secrets.includes(text);
  return {
    method,
    url,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, text]) => [name, isSecret(text) ? SECRET_MASK : redaction.text(text)]),
    ),
    body: body === null ? null : redaction.text(body),
  };
}
