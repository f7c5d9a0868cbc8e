import { setTimeout as sleep } from 'node:timers/promises';
import type { Probe, RenderedProcess } from '../../support/chart-manifests.js';
import { callApi } from './api.js';
import type { Replica } from './replica.js';
import type { Stage } from './stage.js';

/** At most so long a load balancer goes on without having heard of a change. */
const PROPAGATION_MS = 1_000;

/** A Deployment's rolling update and the endpoints of its Service, as Kubernetes does them, with processes for pods. */
export class Rollout {
  /** Where requests may be sent, as far as load balancers know. */
  endpoints: readonly Replica[];
  private readonly ends: Promise<void>[] = [];

  constructor(
    private readonly stage: Stage,
    private readonly pod: RenderedProcess,
    old: readonly Replica[],
  ) {
    this.endpoints = old;
  }

  /** One after the other a new pod comes, is ready for a while, and an old one goes: no pod too few, one too many. */
  async replace(old: readonly Replica[], fresh: readonly Replica[]): Promise<void> {
    for (const [index, replica] of fresh.entries()) {
      await replica.start();
      await this.passes(replica, this.pod.probes.startup);
      await this.passes(replica, this.pod.probes.readiness);
      void this.afterPropagation(() => (this.endpoints = [...this.endpoints, replica]));
      await sleep(this.pod.minReadySeconds * 1_000);
      const leaves = old[index];
      if (leaves !== undefined) this.ends.push(this.delete(leaves));
    }
    await Promise.all(this.ends);
  }

  private async passes(
    replica: Replica,
    { httpGet, periodSeconds, failureThreshold, timeoutSeconds }: Probe,
  ): Promise<void> {
    for (let failures = 0; failures < failureThreshold; failures += 1) {
      if ((await statusOf(replica, httpGet.path, timeoutSeconds)) === 200) return;
      await sleep(periodSeconds * 1_000);
    }
    throw new Error(`${httpGet.path} of replica ${replica.name} did not pass`);
  }

  /** The endpoint goes, and at the same time preStop begins; then SIGTERM; after the grace period it would be killed. */
  private async delete(replica: Replica): Promise<void> {
    const { probes, preStopSeconds, gracePeriodSeconds } = this.pod;
    const deletedAtMs = performance.now();
    replica.standsBy = true;
    void this.afterPropagation(() => (this.endpoints = this.endpoints.filter((endpoint) => endpoint !== replica)));
    await sleep(preStopSeconds * 1_000);
    const end = replica.stop(deletedAtMs + gracePeriodSeconds * 1_000 - performance.now());
    await sleep(200);
    const { path } = probes.readiness.httpGet;
    const status = await statusOf(replica, path, probes.readiness.timeoutSeconds);
    if (status !== 503) this.stage.breach(`${path} of replica ${replica.name}, which stops, answers ${status}`);
    const { code, signal } = await end;
    if (code !== 0) this.stage.breach(`replica ${replica.name} ended with ${code ?? signal}`);
  }

  private async afterPropagation(change: () => void): Promise<void> {
    await sleep(this.stage.random.between(0, PROPAGATION_MS));
    change();
  }
}

async function statusOf(replica: Replica, path: string, timeoutSeconds: number): Promise<number | string> {
  return callApi(replica.url, 'GET', path, undefined, timeoutSeconds * 1_000).then(
    ({ status }) => status,
    (error: unknown) => String(error),
  );
}
