import { parseAllDocuments } from 'yaml';
import { importCloudScheduler } from '../../../src/domain/import/cloud-scheduler.js';

/** As `gcloud scheduler jobs list --format=yaml` writes them. */
const LISTED = `---
attemptDeadline: 180s
description: Refreshes the cache
httpTarget:
  body: eyJmb3JjZSI6dHJ1ZX0=
  headers:
    Authorization: Bearer hunter2
    Content-Type: application/json
    Content-Length: '14'
    User-Agent: Google-Cloud-Scheduler
  httpMethod: POST
  uri: https://api.example.com/refresh
lastAttemptTime: '2024-05-02T08:00:00.123456Z'
name: projects/acme-prod/locations/europe-west1/jobs/refresh-cache
retryConfig:
  maxBackoffDuration: 3600s
  maxDoublings: 16
  maxRetryDuration: 0s
  minBackoffDuration: 5s
  retryCount: 3
schedule: 0 */3 * * *
scheduleTime: '2024-05-02T11:00:00.000000Z'
state: ENABLED
status: {}
timeZone: Etc/UTC
userUpdateTime: '2024-04-01T00:00:00Z'
---
attemptDeadline: 1800s
httpTarget:
  headers: { User-Agent: acme/1 }
  httpMethod: GET
  oidcToken:
    audience: https://run.example.com
    serviceAccountEmail: caller@acme-prod.iam.gserviceaccount.com
  uri: https://run.example.com/tick
name: projects/acme-prod/locations/europe-west1/jobs/tick
retryConfig: { maxBackoffDuration: 3600s, maxDoublings: 5, maxRetryDuration: 0s, minBackoffDuration: 5s }
schedule: every 5 minutes
state: PAUSED
timeZone: America/New_York
---
name: projects/acme-prod/locations/europe-west1/jobs/publish
pubsubTarget: { data: aGVsbG8=, topicName: projects/acme-prod/topics/t, attributes: { a: b } }
schedule: 5 4 * * sun
timeZone: utc
retryConfig: { retryCount: 2, maxRetryDuration: 600s, minBackoffDuration: 0.5s, maxBackoffDuration: 60s, maxDoublings: 2 }
---
name: projects/acme-prod/locations/europe-west1/jobs/words
httpTarget: { uri: https://run.example.com/x }
schedule: 1st,third monday of sep,oct,nov 17:00
---
name: just-a-name
`;

const { jobs, report } = importCloudScheduler(parseAllDocuments(LISTED).map((document) => document.toJS() as unknown));

test('targets over HTTP carry over with their requests, retries and deadlines', () => {
  expect(jobs).toEqual([
    {
      place: { pointer: '/0' },
      name: 'refresh-cache',
      settings: {
        description: 'Refreshes the cache',
        schedule: { type: 'cron', expression: '0 */3 * * *', timeZone: 'Etc/UTC' },
        retry: { maxAttempts: 4, backoff: 'exponential', initialDelay: 'PT5S', maxDelay: 'PT1H', maxElapsed: 'PT720H' },
        overlap: 'queueOne',
      },
      target: {
        url: 'https://api.example.com/refresh',
        method: 'POST',
        headers: { Authorization: { value: 'Bearer hunter2', secret: true }, 'Content-Type': 'application/json' },
        body: '{"force":true}',
        timeout: 'PT3M',
      },
    },
    {
      place: { pointer: '/1' },
      name: 'tick',
      settings: {
        schedule: { type: 'interval', every: 'PT5M' },
        retry: { maxAttempts: 1 },
        overlap: 'queueOne',
        paused: true,
      },
      target: { url: 'https://run.example.com/tick', method: 'GET', headers: {}, timeout: 'PT15M' },
    },
    {
      place: { pointer: '/2' },
      name: 'publish',
      settings: {
        schedule: { type: 'cron', expression: '5 4 * * sun', timeZone: 'UTC' },
        retry: {
          maxAttempts: 3,
          backoff: 'exponential',
          initialDelay: 'PT0.5S',
          maxDelay: 'PT1M',
          maxElapsed: 'PT10M',
        },
        overlap: 'queueOne',
      },
      target: { url: null, body: 'hello', timeout: 'PT3M' },
    },
  ]);
});

test('what is of Google alone is told by its pointer', () => {
  expect(
    report.losses.map(({ scope, job, place, code }) => [scope, job, 'pointer' in place ? place.pointer : null, code]),
  ).toEqual([
    ['job', null, '/4', 'not_a_job'],
    ['setting', 'tick', '/1/httpTarget/headers/User-Agent', 'no_equivalent'],
    ['setting', 'tick', '/1/httpTarget/oidcToken', 'credentials'],
    ['setting', 'tick', '/1/attemptDeadline', 'approximated'],
    ['setting', 'publish', '/2/pubsubTarget/topicName', 'no_equivalent'],
    ['setting', 'publish', '/2/pubsubTarget/attributes', 'no_equivalent'],
    ['setting', 'publish', '/2/retryConfig/maxRetryDuration', 'approximated'],
    ['setting', 'publish', '/2/retryConfig/maxDoublings', 'approximated'],
    ['job', 'words', '/3/schedule', 'unsupported_schedule'],
  ]);
  expect(JSON.stringify(report.losses)).not.toContain('hunter2');
});

test('a body that is no text is a loss, not another body', () => {
  const job = {
    name: 'projects/p/locations/l/jobs/j',
    schedule: '0 * * * *',
    httpTarget: { uri: 'https://example.com/', body: '/////w==' },
  };
  expect(importCloudScheduler([{ jobs: [job] }]).report.losses).toMatchObject([
    { scope: 'setting', place: { pointer: '/jobs/0/httpTarget/body' }, code: 'malformed' },
  ]);
});
