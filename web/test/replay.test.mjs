// Failed runs and what is done about them: `npm run test:web`.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startReceiver } from './lively.mjs';
import { closePage, launchBrowser, openPage, startService, until } from './support.mjs';

let service, receiver, browser;
before(async () => {
  [service, receiver, browser] = await Promise.all([startService(), startReceiver(), launchBrowser()]);
});
after(async () => {
  await browser?.close();
  await Promise.all([service?.close(), receiver?.close()]);
});

const open = (path) => openPage(browser, service.url + path);
const failedRuns = async (jobId) => (await service.api('GET', `/runs?state=failed&jobId=${jobId}&limit=200`)).data;

/** A job whose target fails, and so many failed runs of it. */
async function failing(name, count) {
  const target = `${receiver.url}/fail/${name}`;
  const { id } = await service.api('PUT', `/jobs/by-name/${name}`, {
    ...{ schedule: '0 3 1 1 *', target, retry: { maxAttempts: 1 } },
  });
  for (let made = 0; made < count; made += 1) await service.api('POST', `/jobs/${id}/trigger`, {});
  await until(async () => (await failedRuns(id)).length === count);
  return id;
}

test('a failed run is replayed from its page, and the new run is shown', async () => {
  const id = await failing('replay-one', 1);
  const [{ id: runId }] = await failedRuns(id);
  const page = await open(`/ui/runs/${runId}`);
  await service.api('PATCH', `/jobs/${id}`, { target: `${receiver.url}/ok/replay-one` });
  await page.getByRole('button', { name: 'Replay' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Replay' }).click();
  await page.waitForURL((url) => url.pathname.startsWith('/ui/runs/') && !url.pathname.endsWith(runId));
  await page.getByText('Succeeded').first().waitFor();
  await closePage(page);
});

test('chosen failed runs are replayed at once, a range of them by Shift', async () => {
  const id = await failing('replay-some', 4);
  const page = await open(`/ui/runs/failed?jobId=${id}`);
  const boxes = page.getByRole('checkbox', { name: /^Choose the run/ });
  await until(async () => (await boxes.count()) === 4);
  await boxes.nth(0).click();
  await boxes.nth(2).click({ modifiers: ['Shift'] });
  await page.getByText('3 chosen').waitFor();
  await boxes.nth(1).click();
  await page.getByText('2 chosen').waitFor();
  await page.getByRole('toolbar').getByRole('button', { name: 'Replay' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Replay 2' }).click();
  await page.getByText('2 runs started anew.').waitFor();
  await page.getByRole('toolbar').waitFor({ state: 'detached' });
  await until(async () => (await failedRuns(id)).length === 6);
  await closePage(page);
});

test('all failed runs that match are replayed, not only those on the page, once it is confirmed', async () => {
  const kept = await failing('replay-all', 55);
  const gone = await failing('replay-gone', 2);
  const page = await open(`/ui/runs/failed?jobId=${kept}`);
  await page.getByRole('button', { name: 'Replay all that match' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('55 runs of one job failed').waitFor();
  assert.equal((await failedRuns(kept)).length, 55, 'nothing happens before it is confirmed');
  await dialog.getByRole('button', { name: 'Replay 55' }).click();
  await page.getByText('55 runs started anew.').waitFor();
  await until(async () => (await failedRuns(kept)).length === 110);
  await service.api('DELETE', `/jobs/${gone}`);
  await page.goto(`${service.url}/ui/runs/failed`);
  await page.getByRole('button', { name: 'Replay all' }).click();
  await dialog.getByText('2 can’t: their jobs were deleted.').waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  assert.equal((await failedRuns(kept)).length, 110);
  await closePage(page);
});

test('of chosen runs, those that are refused are told with the reason, and the others are replayed', async () => {
  const kept = await failing('replay-kept', 1);
  const gone = await failing('replay-lost', 1);
  await service.api('DELETE', `/jobs/${gone}`);
  const page = await open('/ui/runs/failed');
  for (const name of ['replay-kept', 'replay-lost']) {
    await page.getByRole('checkbox', { name: new RegExp(`^Choose the run of ${name}`) }).check();
  }
  await page.getByRole('toolbar').getByRole('button', { name: 'Replay' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Replay 2' }).click();
  await page.getByRole('heading', { name: '1 run started anew' }).waitFor();
  await page.getByText('1 refused: the job of this run was deleted').waitFor();
  await page.getByRole('button', { name: 'Close' }).last().click();
  await until(async () => (await failedRuns(kept)).length === 2);
  await closePage(page);
});

test('runs are sorted by a column, those that are shown', async () => {
  await failing('sorted-a', 1);
  await failing('sorted-b', 1);
  const page = await open('/ui/runs');
  const names = async () =>
    (await page.getByRole('link', { name: /^sorted-/ }).allTextContents()).filter((name) => name.startsWith('sorted'));
  await until(async () => (await names()).length === 2);
  const head = page.getByRole('columnheader', { name: 'Job' });
  await head.getByRole('button').click();
  assert.equal(await head.getAttribute('aria-sort'), 'ascending');
  assert.deepEqual(await names(), ['sorted-a', 'sorted-b']);
  await head.getByRole('button').click();
  assert.deepEqual(await names(), ['sorted-b', 'sorted-a']);
  await closePage(page);
});
