import { parseAllDocuments } from 'yaml';
import { importKubernetes } from '../../../src/domain/import/kubernetes.js';

const MANIFEST = `
apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-report
  namespace: billing
  labels:
    app.kubernetes.io/name: report
    team: billing
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: "{}"
spec:
  schedule: "30 2 * * 1-5"
  timeZone: Europe/Paris
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 200
  successfulJobsHistoryLimit: 3
  failedJobsHistoryLimit: 1
  jobTemplate:
    spec:
      backoffLimit: 2
      activeDeadlineSeconds: 600
      template:
        spec:
          restartPolicy: OnFailure
          containers:
            - name: report
              image: registry.example.com/report:1.4
              imagePullPolicy: IfNotPresent
              command: ["/bin/sh", "-c"]
              args: ["report --all"]
              env:
                - { name: DSN, value: "postgres://user:hunter2@db/app" }
---
apiVersion: batch/v1
kind: CronJob
metadata: { name: hello, namespace: billing }
spec:
  schedule: "@every 1h30m"
  suspend: true
  concurrencyPolicy: Replace
  jobTemplate: { spec: { template: { spec: { containers: [{ name: a, image: busybox:1.28 }, { name: b, image: x }] } } } }
---
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
---
apiVersion: batch/v1
kind: CronJob
metadata: { name: zoned, namespace: billing }
spec: { schedule: "CRON_TZ=Asia/Tokyo ? 5 * * *", jobTemplate: {} }
---
apiVersion: batch/v1
kind: CronJob
metadata: { generateName: x- }
spec: { schedule: "0 0 * * *" }
---
apiVersion: batch/v1
kind: CronJob
metadata: { name: broken, namespace: billing }
spec: { suspend: maybe }
`;

const documents = (text: string): unknown[] => parseAllDocuments(text).map((document) => document.toJS() as unknown);

test('CronJobs of several documents become jobs; the rest is told by its pointer', () => {
  const { jobs, report } = importKubernetes(documents(MANIFEST), { timeZone: null });
  expect(jobs).toEqual([
    {
      place: { pointer: '/0' },
      name: 'nightly-report',
      settings: {
        labels: { 'app.kubernetes.io/name': 'report', team: 'billing' },
        schedule: { type: 'cron', expression: '30 2 * * 1-5', timeZone: 'Europe/Paris', dst: { gap: 'skip' } },
        overlap: 'skip',
        misfire: { policy: 'runLast', grace: 'PT10S', within: 'PT200S' },
        retry: { backoff: 'exponential', initialDelay: 'PT10S', maxDelay: 'PT6M', maxAttempts: 3 },
      },
      target: {
        url: null,
        body: {
          cronJob: 'nightly-report',
          namespace: 'billing',
          image: 'registry.example.com/report:1.4',
          command: ['/bin/sh', '-c'],
          args: ['report --all'],
        },
      },
    },
    {
      place: { pointer: '/1' },
      name: 'hello',
      settings: { schedule: { type: 'interval', every: 'PT1H30M' }, overlap: 'cancelRunning', paused: true },
      target: { url: null, body: { cronJob: 'hello', namespace: 'billing', image: 'busybox:1.28' } },
    },
    {
      place: { pointer: '/4' },
      name: 'zoned',
      settings: {
        schedule: { type: 'cron', expression: '* 5 * * *', timeZone: 'Asia/Tokyo', dst: { gap: 'skip' } },
        overlap: 'allow',
      },
      target: { url: null, body: { cronJob: 'zoned', namespace: 'billing' } },
    },
  ]);
  const losses = report.losses.map(({ scope, job, place }) => [scope, job, 'pointer' in place ? place.pointer : null]);
  expect(losses).toEqual(
    expect.arrayContaining([
      ['setting', 'nightly-report', '/0/metadata/annotations'],
      ['setting', 'nightly-report', '/0/spec/successfulJobsHistoryLimit'],
      ['setting', 'nightly-report', '/0/spec/failedJobsHistoryLimit'],
      ['setting', 'nightly-report', '/0/spec/jobTemplate/spec/activeDeadlineSeconds'],
      ['setting', 'nightly-report', '/0/spec/jobTemplate/spec/template/spec/restartPolicy'],
      ['setting', 'nightly-report', '/0/spec/jobTemplate/spec/template/spec/containers/0/imagePullPolicy'],
      ['setting', 'nightly-report', '/0/spec/jobTemplate/spec/template/spec/containers/0/env'],
      ['setting', 'hello', '/1/spec/jobTemplate/spec/template/spec/containers'],
      ['job', null, '/3/kind'],
      ['job', null, '/5/metadata/name'],
      ['job', 'broken', '/6/spec'],
    ]),
  );
  expect(losses).toHaveLength(11);
  expect(JSON.stringify({ jobs, losses: report.losses })).not.toContain('hunter2');
});

test('a List as kubectl writes it: bookkeeping is no loss, and the zone of the cluster is a guess', () => {
  const item = (name: string, namespace: string): object => ({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: {
      name,
      namespace,
      uid: '1',
      resourceVersion: '2',
      generation: 3,
      creationTimestamp: '2024-01-01T00:00:00Z',
    },
    spec: { schedule: '0 * * * *', suspend: false, concurrencyPolicy: 'Allow' },
    status: { lastScheduleTime: '2024-01-01T00:00:00Z' },
  });
  const list = {
    apiVersion: 'v1',
    kind: 'List',
    metadata: { resourceVersion: '' },
    items: [item('a', 'one'), item('a', 'two')],
  };
  const { jobs, report } = importKubernetes([list], { timeZone: null });
  expect(jobs.map(({ name, place }) => [name, place])).toEqual([
    ['one/a', { pointer: '/items/0' }],
    ['two/a', { pointer: '/items/1' }],
  ]);
  expect(report.losses.map(({ code, place }) => [code, place])).toEqual([
    ['assumed_time_zone', { pointer: '/items/0/spec' }],
  ]);
  expect(importKubernetes([list], { timeZone: 'Asia/Tokyo' }).report.losses).toEqual([]);
});
