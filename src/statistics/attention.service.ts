import { Injectable } from '@nestjs/common';
import { FINDINGS_KEPT } from '../domain/ledger-audit.js';
import { formatInstant } from '../domain/recurrence/instants.js';
import type { Instant } from '../domain/recurrence/schedule.js';
import { attentionOf, OVERDUE_COUNTED } from '../domain/statistics/attention.js';
import type { AttentionItem } from '../domain/statistics/attention.js';
import { floorTo, STATISTICS_RESOLUTIONS } from '../domain/statistics/resolution.js';
import { targetHealthOf } from '../domain/statistics/target-health.js';
import type { TargetHealth } from '../domain/statistics/target-health.js';
import { tallyOf } from '../domain/statistics/tally.js';
import { AuditFindingsRepository } from '../persistence/audit-findings.repository.js';
import type { JobFindings } from '../persistence/audit-findings.repository.js';
import { AttentionRepository } from '../persistence/attention.repository.js';
import { StatisticsRepository } from '../persistence/statistics.repository.js';
import { Clock } from '../platform/clock.js';
import { Degradation } from '../platform/health/degradation.js';
import { ForecastsService } from './forecasts.service.js';
import type { AttentionView, TargetsView } from './outlook.schemas.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const HOSTS = 200;
const FAILURES = 200;
const STREAK = 3;
const CRITICAL_STREAK = 10;
/** What is due is planned at once; so much later something holds it up. */
const OVERDUE_MS = 30_000;
const FINDINGS = 20;

/** What somebody should look at. */
@Injectable()
export class AttentionService {
  constructor(
    private readonly attention: AttentionRepository,
    private readonly statistics: StatisticsRepository,
    private readonly findings: AuditFindingsRepository,
    private readonly forecasts: ForecastsService,
    private readonly degradation: Degradation,
    private readonly clock: Clock,
  ) {}

  async targets(projectId: string): Promise<TargetsView> {
    const now = this.clock.now();
    const data = await this.targetHealth(projectId, now);
    return {
      from: formatInstant(hourBefore(now)),
      to: formatInstant(now),
      data: data.map((target) => ({
        ...target,
        lastFailureAt: target.lastFailureAt === null ? null : formatInstant(target.lastFailureAt),
      })),
    };
  }

  async read(projectId: string): Promise<AttentionView> {
    const now = this.clock.now();
    const [jobs, findings, targets, forecast, hour] = await Promise.all([
      this.jobItems(projectId, now),
      this.findings.byJob(projectId, FINDINGS),
      this.targetHealth(projectId, now),
      this.forecasts.known(projectId, now),
      this.lastHour(projectId, now),
    ]);
    const crowded = (forecast?.crowded ?? []).filter(({ at }) => at >= now).slice(0, 3);
    const found = attentionOf(
      [
        ...this.degradation.degraded().map((detail) => item('degraded', 'warning', { detail })),
        ...findings.map(auditFinding),
        ...jobs,
        ...targets.filter(({ state }) => state === 'failing').map(failingTarget),
        ...crowded.map(({ at, fires, afterSpreading }) =>
          item('crowdedMinute', 'info', {
            detail: `${fires} jobs fire at ${formatInstant(at)}; spread by H it would be about ${afterSpreading}`,
            since: at,
          }),
        ),
      ],
      hour,
    );
    const items = found.items.map(({ since, ...rest }) => ({
      ...rest,
      since: since === null ? null : formatInstant(since),
    }));
    return { onTime: found.onTime, sentence: found.sentence, items };
  }

  private async targetHealth(projectId: string, now: Instant): Promise<TargetHealth[]> {
    const from = hourBefore(now);
    const [hosts, failures] = await Promise.all([
      this.attention.hosts(projectId, from, now, HOSTS),
      this.attention.failures(projectId, from, now, FAILURES),
    ]);
    return targetHealthOf(hosts, failures, HOSTS);
  }

  private async lastHour(projectId: string, now: Instant) {
    const span = { from: hourBefore(now), to: now, resolution: STATISTICS_RESOLUTIONS[0] };
    const { totals, latenessMs } = tallyOf(span, await this.statistics.ofProject(projectId, span, now));
    const { runs, failed } = totals;
    return { runs, failed, withinObjective: latenessMs?.withinObjective ?? 1, p99: latenessMs?.p99 ?? null };
  }

  private async jobItems(projectId: string, now: Instant): Promise<AttentionItem[]> {
    const [failures, overdue, paused] = await Promise.all([
      this.attention.failures(projectId, now - DAY_MS, now, FAILURES),
      this.attention.overdue(projectId, now - OVERDUE_MS, OVERDUE_COUNTED),
      this.attention.paused(projectId, now, now + DAY_MS),
    ]);
    const failing = await this.attention.failing(projectId, [...new Set(failures.map(({ jobId }) => jobId))], STREAK);
    return [
      ...failing.map(({ id, name, streak, lastRunAt }) =>
        item('jobFailing', streak >= CRITICAL_STREAK ? 'critical' : 'warning', {
          ...{ jobId: id, since: lastRunAt, detail: `${name} has failed ${streak} times in a row` },
        }),
      ),
      ...overdue.map(({ id, name, at }) =>
        item('jobOverdue', 'critical', {
          ...{ jobId: id, since: at, detail: `${name} was due at ${formatInstant(at)} and has not been planned` },
        }),
      ),
      ...paused.map(({ id, name, pausedAt, pausedUntil, note }) =>
        note?.startsWith('parked: ') === true
          ? item('jobParked', 'critical', { jobId: id, since: pausedAt, detail: `${name} is ${note}` })
          : item('pauseEnds', 'info', {
              ...{ jobId: id, since: pausedAt },
              detail: `the pause of ${name} ends at ${pausedUntil === null ? '' : formatInstant(pausedUntil)}`,
            }),
      ),
    ];
  }
}

function hourBefore(now: Instant): Instant {
  return floorTo(now - HOUR_MS, MINUTE_MS);
}

function auditFinding({ id, name, kind, found, firstAt }: JobFindings): AttentionItem {
  const many = found < FINDINGS_KEPT ? found : `${found} or more`;
  return item('auditFinding', 'critical', {
    ...{ jobId: id, since: firstAt, detail: `an audit of the ledger of ${name} found ${many} ${kind}` },
  });
}

function failingTarget({ host, runs, failed, lastFailureAt, lastError }: TargetHealth): AttentionItem {
  const why = lastError === null ? '' : `: ${lastError.message}`;
  return item('targetFailing', failed * 2 >= runs ? 'critical' : 'warning', {
    ...{ host, since: lastFailureAt, detail: `${failed} of ${runs} runs to ${host} failed in the last hour${why}` },
  });
}

function item(
  kind: AttentionItem['kind'],
  severity: AttentionItem['severity'],
  rest: Partial<AttentionItem> & { readonly detail: string },
): AttentionItem {
  return { kind, severity, jobId: null, host: null, since: null, ...rest };
}
