// The dashboard in a real browser, on the real service: `npm run test:web`.
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

const job = (name, rest = {}) => ({ name, schedule: '0 3 * * *', target: `${receiver.url}/ok`, ...rest });
const put = (name, rest) => {
  const { name: _, ...body } = job(name, rest);
  return service.api('PUT', `/jobs/by-name/${name}`, body);
};

test('the first job is made from words, and is seen firing as it does', async () => {
  const page = await open('/');
  await page.waitForURL('**/ui/');
  await page.goto(`${service.url}/ui/jobs`);
  await page.getByRole('link', { name: 'Create the first job' }).click();
  await page.getByLabel('When').fill('every 1 seconds please');
  await page.getByText('please', { exact: false }).first().waitFor();
  await page.getByLabel('When').fill('every second');
  await page.getByText('Every second').first().waitFor();
  const fires = page.getByRole('list', { name: 'Next fires' }).getByRole('listitem');
  await until(async () => (await fires.count()) === 5);
  await page.getByLabel('URL').fill(`${receiver.url}/ok/first`);
  await page.getByLabel('Name', { exact: true }).fill('first');
  await page.getByRole('button', { name: 'Create job' }).first().click();
  await page.getByRole('heading', { name: 'first' }).waitFor();
  const rows = page.getByRole('region', { name: 'Runs' }).getByRole('row');
  await until(async () => (await rows.count()) > 3);
  await rows.filter({ hasText: 'Succeeded' }).first().waitFor();
  await service.api('DELETE', `/jobs/${new URL(page.url()).pathname.split('/').at(-1)}`);
  await page.getByRole('heading', { name: 'This job is not there' }).waitFor();
  await closePage(page);
});

test('an unknown word is marked, and what would be taken is one press away', async () => {
  const page = await open('/ui/jobs/new');
  await page.getByLabel('When').fill('every weekdy at 9:00');
  await page.locator('mark', { hasText: 'weekdy' }).waitFor();
  await page.getByRole('button', { name: 'every Monday at 9:00' }).click();
  await page.getByText('At 09:00, only on Monday').locator('visible=true').first().waitFor();
  assert.equal(await page.getByLabel('When').inputValue(), 'every Monday at 9:00');
  await closePage(page);
});

test('a job is paused with a note, and that is taken back', async () => {
  const { id } = await put('to-pause');
  const page = await open(`/ui/jobs/${id}`);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('dialog').getByLabel('Why').fill('moving house');
  await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
  await page.getByText('moving house').waitFor();
  assert.equal((await service.api('GET', `/jobs/${id}`)).state, 'paused');
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  assert.equal((await service.api('GET', `/jobs/${id}`)).state, 'active');
  await closePage(page);
});

test('an edit shows the fires before and after, changes what was changed, and keeps what is secret', async () => {
  const { id } = await put('to-edit', {
    target: { url: `${receiver.url}/ok`, headers: { 'x-key': { value: 'hush', secret: true } }, body: { a: 1 } },
  });
  const page = await open(`/ui/jobs/${id}/edit`);
  await page.getByLabel('When').fill('30 4 * * 1');
  await page.getByText('At 04:30, only on Monday').locator('visible=true').first().waitFor();
  await page.getByText('At 03:00 (UTC)').locator('visible=true').first().waitFor();
  assert.equal(await page.getByRole('list', { name: 'Next fires before the change' }).getByRole('listitem').count(), 5);
  await page.getByRole('button', { name: 'Save' }).first().click();
  await page.getByRole('heading', { name: 'to-edit' }).waitFor();
  await page.getByText('Versions').click();
  await page.getByText('30 4 * * 1').waitFor();
  const after = await service.api('GET', `/jobs/${id}`);
  assert.equal(after.schedule.expression, '30 4 * * 1');
  assert.deepEqual(after.target.body, { a: 1 });
  assert.deepEqual(after.target.headers, { 'x-key': { value: '********', secret: true } });
  await closePage(page);
});

test('an edit of what somebody else changed meanwhile is refused, not lost', async () => {
  const { id } = await put('contested');
  const page = await open(`/ui/jobs/${id}/edit`);
  await page.getByLabel('Description').fill('mine');
  await service.api('PATCH', `/jobs/${id}`, { description: 'theirs' });
  await page.getByRole('button', { name: 'Save' }).first().click();
  await page.getByText('Somebody changed it meanwhile.').first().waitFor();
  assert.equal((await service.api('GET', `/jobs/${id}`)).description, 'theirs');
  await closePage(page);
});

test('many are paused at once, and resumed by undo; a deletion waits while it may be taken back', async () => {
  await Promise.all(['bulk-a', 'bulk-b', 'bulk-c'].map((name) => put(name, { labels: { batch: 'one' } })));
  const states = async () =>
    (await service.api('GET', '/jobs?label=batch:one&sort=name')).data.map(({ state }) => state);
  const page = await open('/ui/jobs?label=batch:one&sort=name');
  await page.getByRole('checkbox', { name: 'Choose bulk-a' }).check();
  await page.getByRole('checkbox', { name: 'Choose bulk-b' }).check();
  await page.getByRole('toolbar').getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
  await page.getByText('Paused 2 jobs.').waitFor();
  assert.deepEqual(await states(), ['paused', 'paused', 'active']);
  await page.getByRole('button', { name: 'Undo' }).click();
  await until(async () => (await states()).every((state) => state === 'active'));
  await page.getByRole('checkbox', { name: 'Choose bulk-c' }).check();
  await page.getByRole('toolbar').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('1 job deleted').waitFor();
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await page.getByRole('link', { name: 'bulk-c' }).waitFor();
  assert.equal((await states()).length, 3);
  await page.getByRole('checkbox', { name: 'Choose all' }).click();
  await page.getByText('3 chosen').waitFor();
  await page.getByRole('toolbar').getByRole('button', { name: 'Label' }).click();
  await page.getByRole('dialog').getByLabel('Label').fill('batch:two');
  await page.getByRole('dialog').getByRole('button', { name: 'Label' }).click();
  await page.getByText('Labelled 3 jobs.').waitFor();
  assert.equal((await service.api('GET', '/jobs?label=batch:two')).data.length, 3);
  await closePage(page);
});

test('filters stand in the address, survive a reload, and can be kept as a view', async () => {
  await put('findable-one', { labels: { kind: 'x' } });
  await put('findable-two');
  const page = await open('/ui/jobs');
  await page.getByRole('grid').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('findable');
  await page.waitForURL('**/ui/jobs?q=findable');
  await page.getByText('Active', { exact: true }).first().click();
  await page.waitForURL('**state=active**');
  await page.reload();
  assert.equal(await page.getByRole('searchbox').inputValue(), 'findable');
  await until(async () => (await page.getByRole('link', { name: /^findable-/ }).count()) === 2);
  assert.equal(await page.getByRole('radio', { name: 'Active' }).isChecked(), true);
  await page.getByRole('button', { name: 'Save view' }).click();
  await page.getByLabel('Name of the view').fill('Mine');
  await page.keyboard.press('Enter');
  await page.goto(`${service.url}/ui/jobs`);
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByRole('menuitem', { name: 'Mine', exact: true }).click();
  await page.waitForURL('**q=findable**');
  await closePage(page);
});

test('a job is gone to by a few letters, and a list is moved in, by keyboard alone', async () => {
  const { id } = await put('palette-target');
  const page = await open('/ui/jobs?sort=name');
  await page.getByRole('grid').waitFor();
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog').getByRole('combobox').waitFor();
  await page.keyboard.type('palette-t');
  const found = page.getByRole('option', { name: /palette-target/ });
  await found.waitFor();
  while ((await found.getAttribute('aria-selected')) !== 'true') await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/ui/jobs/${id}`);
  await page.goBack();
  await page.getByRole('grid').waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.getByText('1 chosen').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('1 chosen').waitFor({ state: 'detached' });
  await closePage(page);
});

test('while the service is away the page says so, and goes on by itself when it is back', async () => {
  await put('survivor');
  const page = await open('/ui/jobs?q=survivor');
  await page.getByRole('link', { name: 'survivor' }).waitFor();
  await service.stop();
  await page.getByText('No answer').waitFor();
  await page.getByRole('link', { name: 'survivor' }).waitFor(); // what was known stays
  await service.start();
  await page.getByText('No answer').waitFor({ state: 'detached', timeout: 30_000 });
  await put('survivor-two');
  await page.getByRole('link', { name: 'survivor-two' }).waitFor({ timeout: 30_000 });
  await closePage(page);
});
