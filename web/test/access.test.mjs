// Who may come in: `npm run test:web`.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser, startService, until } from './support.mjs';

const ROOT_KEY = 'root-key-of-the-browser-tests-0123456789';
let service, browser;
before(async () => {
  [service, browser] = await Promise.all([startService({ AUTH: 'keys', ROOT_API_KEY: ROOT_KEY }), launchBrowser()]);
});
after(async () => {
  await browser?.close();
  await service?.close();
});

const asRoot = { authorization: `Bearer ${ROOT_KEY}` };

test('a wrong key is told from a right one, and the right one stays in the tab alone', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${service.url}/ui/jobs`);
  await page.getByLabel('API key').fill('car_not-a-key');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('This key is not known here').waitFor();
  const { key } = await service.api('POST', '/api-keys', { name: 'browser', role: 'editor' }, asRoot);
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Jobs', exact: true }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Jobs', exact: true }).waitFor();
  const kept = await page.evaluate(() =>
    [JSON.stringify({ ...localStorage }), document.cookie, location.href].join(' '),
  );
  assert.ok(!kept.includes(key), 'the key is nowhere but in the session');
  const other = await context.newPage();
  await other.goto(`${service.url}/ui/jobs`);
  await other.getByRole('heading', { name: 'Sign in to Carillon' }).waitFor();
  await context.close();
});

test('a key that is revoked ends the session, and one that reads is offered nothing to change', async () => {
  const { key, id } = await service.api('POST', '/api-keys', { name: 'reader', role: 'viewer' }, asRoot);
  await service.api('POST', '/jobs', { name: 'seen', schedule: '0 3 * * *', target: 'https://example.com/' }, asRoot);
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${service.url}/ui/jobs`);
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('link', { name: 'seen' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'New job' }).count(), 0);
  assert.equal(await page.getByRole('button', { name: 'Actions for seen' }).count(), 0);
  await service.api('DELETE', `/api-keys/${id}`, undefined, asRoot);
  await page.reload();
  await page.getByRole('heading', { name: 'Sign in to Carillon' }).waitFor();
  await until(async () => !(await page.evaluate(() => JSON.stringify({ ...sessionStorage }))).includes(key));
  await context.close();
});
