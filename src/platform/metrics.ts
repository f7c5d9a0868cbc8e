import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { AttemptOutcome, RunState } from '../domain/run.js';
import type { Config } from './config.js';
import { VERSION } from './version.js';

const FROM_1_MS_TO_5_MIN = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const FROM_10_MS_TO_1_MIN = [0.01, 0.1, 0.5, 1, 5, 60];
const FROM_1_MS_TO_10_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** Projects that lateness is told of apart in one process; those that come later are counted together. */
const PROJECTS_AT_MOST = 100;
const OTHER_PROJECTS = 'other';

/** What refused or held back work: a rate limit by its policy, or a quota by its name. */
export type HitLimit =
  'key' | 'project' | 'address' | 'failures' | 'jobs' | 'firesPerMinute' | 'leastInterval' | 'concurrentRuns';

/** What `/metrics` shows. Times in seconds, as Prometheus wants them. */
/** Of the timer that can't be left out. */
const RARELY_MS = 60_000;
const LOOP_DELAYS = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'];

@Injectable()
export class Metrics {
  readonly registry = new Registry();

  /** Runs that came to their end. `reason` is empty for a plain success or failure. */
  readonly runs = this.counter('carillon_runs_total', 'Runs that ended, by state and reason', ['state', 'reason']);
  readonly attempts = this.counter('carillon_attempts_total', 'Deliveries to targets, by outcome', ['outcome']);
  readonly attemptSeconds = this.histogram('carillon_attempt_seconds', 'How long deliveries to targets took', {
    buckets: FROM_1_MS_TO_5_MIN,
  });
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
  readonly queueInFlight = this.gauge('carillon_queue_in_flight', 'Runs that this replica is delivering');
  readonly eventStreams = this.gauge('carillon_event_streams', 'Streams of events that are open here');
  readonly degraded = this.gauge(
    'carillon_degraded',
    'How many things do not work as they should right now; /system names them',
    () => this.countDegraded(),
  );
  readonly limitsHit = this.counter(
    'carillon_limits_hit_total',
    'Requests and writes that a limit or quota refused, and runs that waited for one, by limit',
    ['limit'],
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
  readonly rollup = this.histogram('carillon_rollup_seconds', 'Time to roll up some minutes of the ledger', {
    buckets: FROM_1_MS_TO_10_S,
  });
  readonly rollupLag = this.gauge(
    'carillon_rollup_lag_seconds',
    'How far the rollups of the ledger lie back; about a minute is usual',
  );
  readonly rollupMarks = this.counter(
    'carillon_rollup_marks_total',
    'Runs that entered the ledger for instants that had been rolled up',
    [],
  );
  readonly clockOffset = this.gauge('carillon_clock_offset_seconds', "This host's clock minus the database's");
  readonly httpRequests = this.histogram('carillon_http_request_seconds', 'API requests, by route, method and status', {
    buckets: FROM_1_MS_TO_10_S,
    labelNames: ['method', 'route', 'status'],
  });

  /** Asked at each scrape. */
  countDegraded: () => number = () => 0;

  private projectLateness: Histogram<'project'> | null = null;
  private readonly knownProjects = new Set<string>();

  constructor() {
    this.collectOfProcess();
    // A rise from nothing is none to Prometheus, and here the first one counts.
    for (const kind of ['missing', 'doubled', 'early', 'unexpected']) this.auditFindings.inc({ kind }, 0);
  }

  /**
   * What `prom-client` knows of a process, without the delays of its event loop: to measure them a timer wakes the process a hundred
   * times a second, which is half of what an idle replica may cost. How busy the loop is Node counts by itself.
   */
  private collectOfProcess(): void {
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: RARELY_MS });
    for (const name of LOOP_DELAYS) this.registry.removeSingleMetric(`nodejs_eventloop_lag_${name}_seconds`);
    const active = new Counter({
      name: 'carillon_event_loop_active_seconds_total',
      help: 'For how long the event loop of this process was at work and not waiting',
      registers: [this.registry],
      collect() {
        active.reset();
        active.inc(performance.eventLoopUtilization().active / 1_000);
      },
    });
  }

  /** What is known of this process once its settings are. */
  describe({ role, metricsByProject }: Pick<Config, 'role' | 'metricsByProject'>): void {
    const info = new Gauge({
      name: 'carillon_info',
      help: '1, with the version and the role of this replica',
      labelNames: ['version', 'role'],
      registers: [this.registry],
    });
    info.set({ version: VERSION, role }, 1);
    if (!metricsByProject) return;
    this.projectLateness = this.histogram(
      'carillon_project_lateness_seconds',
      'As carillon_lateness_seconds, by project',
      { buckets: FROM_10_MS_TO_1_MIN, labelNames: ['project'] },
    );
  }

  /** Of a first attempt. Nothing unless METRICS_BY_PROJECT is on. */
  observeProjectLateness(projectId: string, latenessMs: number): void {
    if (this.projectLateness === null) return;
    if (!this.knownProjects.has(projectId) && this.knownProjects.size < PROJECTS_AT_MOST) {
      this.knownProjects.add(projectId);
    }
    const project = this.knownProjects.has(projectId) ? projectId : OTHER_PROJECTS;
    this.projectLateness.observe({ project }, Math.max(0, latenessMs) / 1_000);
  }

  /** A gauge that is read at each scrape; null: there is nothing to show now. */
  observed(name: string, help: string, read: () => Promise<number | null>): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.registry],
      async collect() {
        const value = await read();
        if (value === null) gauge.remove();
        else gauge.set(value);
      },
    });
    gauge.remove();
  }

  /** The same, with a value for each of a few words. */
  observedBy(name: string, help: string, label: string, read: () => Readonly<Record<string, number>>): void {
    const gauge = new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [this.registry],
      collect() {
        for (const [word, value] of Object.entries(read())) gauge.labels(word).set(value);
      },
    });
  }

  countRun(state: RunState, reason: string | null, times = 1): void {
    this.runs.inc({ state, reason: reason ?? '' }, times);
  }

  countAttempt(outcome: AttemptOutcome, durationMs: number | null = null): void {
    this.attempts.inc({ outcome });
    if (durationMs !== null) this.attemptSeconds.observe(durationMs / 1_000);
  }

  countLimit(limit: HitLimit, times = 1): void {
    this.limitsHit.inc({ limit }, times);
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
