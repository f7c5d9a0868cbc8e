import { importCloudScheduler } from '../../../src/domain/import/cloud-scheduler.js';
import { importCrontab } from '../../../src/domain/import/crontab.js';
import { importEventBridge } from '../../../src/domain/import/eventbridge.js';
import type { Imported } from '../../../src/domain/import/imported-job.js';
import { importKubernetes } from '../../../src/domain/import/kubernetes.js';
import { TooManyLossesError } from '../../../src/domain/import/report.js';
import { readImport } from '../../../src/jobs/declare/import-jobs.js';

const MEGABYTE = 1_000_000;
const crontab = (text: string): Imported => importCrontab(text, { timeZone: 'UTC', userColumn: false });

/** Milliseconds; the texts are as long as a body may be. */
function took(work: () => unknown): number {
  const began = performance.now();
  try {
    work();
  } catch (error) {
    if (!(error instanceof TooManyLossesError)) throw error;
  }
  return performance.now() - began;
}

// Where the time grew with the square of the length, each would take minutes.
test.each([
  ['the same command again and again', '0 0 * * * a\n'.repeat(MEGABYTE / 12)],
  ['a setting with a wide value', `A=${' '.repeat(MEGABYTE)}x`],
  ['a command of spaces', `0 0 * * * a${' '.repeat(MEGABYTE)}b`],
  ['a command of dots', `0 0 * * * a${'.'.repeat(MEGABYTE)}b`],
  ['a command of redirections', `0 0 * * * ${'>'.repeat(MEGABYTE)}`],
  ['a command of percent signs', `0 0 * * * ${'%'.repeat(MEGABYTE)}`],
  ['backslashes', `0 0 * * * ${'\\'.repeat(MEGABYTE)}%`],
  ['a field of commas', `${','.repeat(MEGABYTE)} 0 * * * a`],
  ['a field of tildes', `*${'~'.repeat(MEGABYTE)} 0 * * * a`],
  ['lines of nothing', '\n'.repeat(MEGABYTE)],
  ['lines of junk', 'x\n'.repeat(MEGABYTE / 2)],
])('a crontab with %s is read at once', (_, text) => {
  expect(took(() => crontab(text))).toBeLessThan(3_000);
});

const nested = (open: string, close: string, levels: number): unknown =>
  JSON.parse(`${open.repeat(levels)}1${close.repeat(levels)}`);

test('lists in lists are no jobs, however deep', () => {
  const lists = nested('{"kind":"List","items":[', ']}', 3_000);
  expect(importKubernetes([lists], { timeZone: null }).report.losses).toMatchObject([{ code: 'not_a_job' }]);
  for (const read of [importEventBridge, importCloudScheduler]) {
    expect(read([nested('[', ']', 5_000)]).report.losses).toMatchObject([{ code: 'not_a_job' }]);
    expect(read([1, null, 'x', true, {}]).report.losses).toHaveLength(4);
  }
});

test('a name as long as the source does not stand in full in each line of the report', () => {
  const spec = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`m${n}`, 1]));
  const manifest = {
    kind: 'CronJob',
    metadata: { name: 'n'.repeat(MEGABYTE / 2) },
    spec: { schedule: '0 0 * * *', ...spec },
  };
  const { report } = importKubernetes([manifest], { timeZone: 'UTC' });
  expect(report.losses).toHaveLength(1_000);
  expect(JSON.stringify(report.losses).length).toBeLessThan(1_000 * 400);
});

test('members of other types than they should be are told, and break nothing', async () => {
  const odd: unknown[] = [1, 'x', true, [], {}, { toString: 1, valueOf: 1 }, { __proto__: null }];
  for (const value of odd) {
    const manifest = { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'a', labels: value }, spec: value };
    const schedule = {
      Name: 'a',
      ScheduleExpression: 'rate(1 hour)',
      Target: value,
      StartDate: value,
      RetryPolicy: value,
    };
    const job = { name: 'projects/p/locations/l/jobs/j', schedule: '* * * * *', httpTarget: value, retryConfig: value };
    const query = { dryRun: false, userColumn: false };
    for (const document of [manifest, { ...manifest, spec: { schedule: value } }, schedule, job]) {
      const { readable, report } = await readImport({ documents: [document] }, query);
      expect(readable.length + report.losses.length).toBeGreaterThan(0);
    }
    await expect(readImport({ documents: [{ name: value }] }, query)).rejects.toMatchObject({
      code: 'invalid_parameter',
    });
  }
});
