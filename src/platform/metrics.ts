import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { AttemptOutcome, RunState } from '../domain/run.js';

const FROM_1_MS_TO_5_MIN = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const FROM_1_MS_TO_10_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** What `/metrics` shows. Times in seconds, as Prometheus wants them. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  /** Runs that came to their end. `reason` is empty for a plain success or failure. */
  readonly runs = this.counter('carillon_runs_total', 'Runs that ended, by state and reason', ['state', 'reason']);
  readonly attempts = this.counter('carillon_attempts_total', 'Deliveries to targets, by outcome', ['outcome']);
  readonly lateness = this.histogram('carillon_lateness_seconds', 'Start of the first attempt minus the due time', {
    buckets: FROM_1_MS_TO_5_MIN,
  });
  readonly planning = this.histogram('carillon_planning_seconds', 'Time to plan one batch, its commit included', {
    buckets: FROM_1_MS_TO_10_S,
  });
  readonly plannedOccurrences = this.counter('carillon_planned_occurrences_total', 'Occurrences decided, by decision', [
    'decision',
  ]);
  readonly slots = this.gauge('carillon_slots', 'Slots armed inside the horizon');
  readonly leader = this.gauge('carillon_leader', '1 on the replica that plans');
  readonly reignEpoch = this.gauge(
    'carillon_reign_epoch',
    'The reign that this replica plans under; 0 while it follows',
  );
  /** `alone`: without Redis to decide, as every scheduler then. */
  readonly reigns = this.counter('carillon_reigns_total', 'Reigns that this replica began, by what decided it', ['by']);
  readonly queueWaiting = this.gauge('carillon_queue_waiting', 'Runs that wait for a worker, as last counted');
  readonly queueInFlight = this.gauge('carillon_queue_in_flight', 'Runs that this replica is delivering');
  readonly eventStreams = this.gauge('carillon_event_streams', 'Streams of events that are open here');
  readonly degraded = this.gauge(
    'carillon_degraded',
    'How many things do not work as they should right now; /system names them',
    () => this.countDegraded(),
  );
  /** `outdated`: there, but of an earlier state, which Postgres said and replaced. */
  readonly cacheLookups = this.counter(
    'carillon_cache_lookups_total',
    'What was looked for in the cache: hit, miss or outdated',
    ['of', 'found'],
  );
  /** Zero is what is promised. `unexpected`: a run for an instant at which the job had no occurrence. */
  readonly auditFindings = this.counter(
    'carillon_audit_findings_total',
    'What the self-check of the ledger found: missing, doubled, early or unexpected',
    ['kind'],
  );
  readonly auditedJobs = this.counter(
    'carillon_audited_jobs_total',
    'Jobs whose ledger the self-check has compared',
    [],
  );
  readonly clockOffset = this.gauge('carillon_clock_offset_seconds', "This host's clock minus the database's");
  readonly httpRequests = this.histogram('carillon_http_request_seconds', 'API requests, by route, method and status', {
    buckets: FROM_1_MS_TO_10_S,
    labelNames: ['method', 'route', 'status'],
  });

  /** Asked at each scrape. */
  countDegraded: () => number = () => 0;

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  countRun(state: RunState, reason: string | null): void {
    this.runs.inc({ state, reason: reason ?? '' });
  }

  countAttempt(outcome: AttemptOutcome): void {
    this.attempts.inc({ outcome });
  }

  countReign({ epoch, alone }: { readonly epoch: number; readonly alone: boolean }): void {
    this.leader.set(1);
    this.reignEpoch.set(epoch);
    this.reigns.inc({ by: alone ? 'alone' : 'lock' });
  }

  leadsNoMore(): void {
    this.leader.set(0);
    this.reignEpoch.set(0);
  }

  private counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  private gauge(name: string, help: string, read?: () => number): Gauge {
    const collect = read && { collect: () => gauge.set(read()) };
    const gauge: Gauge = new Gauge({ name, help, registers: [this.registry], ...collect });
    return gauge;
  }

  private histogram<Label extends string = never>(
    name: string,
    help: string,
    options: { buckets: number[]; labelNames?: Label[] },
  ): Histogram<Label> {
    return new Histogram({ name, help, ...options, registers: [this.registry] });
  }
}
