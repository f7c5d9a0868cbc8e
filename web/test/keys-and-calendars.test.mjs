// API keys and calendars, from making one to taking it away: `npm run test:web`.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closePage, launchBrowser, openPage, startService, until } from './support.mjs';

const ROOT_KEY = 'root-key-of-the-browser-tests-0123456789';
const asRoot = { authorization: `Bearer ${ROOT_KEY}` };
let service, browser;
before(async () => {
  [service, browser] = await Promise.all([startService({ AUTH: 'keys', ROOT_API_KEY: ROOT_KEY }), launchBrowser()]);
});
after(async () => {
  await browser?.close();
  await service?.close();
});

async function open(path) {
  const page = await openPage(browser, service.url + path);
  await page.getByLabel('API key').fill(ROOT_KEY);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Account and looks' }).waitFor();
  return page;
}

const roleOf = (key) =>
  service.api('GET', '/whoami', undefined, { authorization: `Bearer ${key}` }).then(
    ({ role }) => role,
    () => null,
  );

test('a key is made, shown once, works, and is refused once it is revoked', async () => {
  const page = await open('/ui/api-keys');
  await page.getByRole('button', { name: 'New key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('pipeline');
  await dialog.getByText('editor', { exact: true }).click();
  await dialog.getByRole('button', { name: 'Make the key' }).click();
  await page.getByRole('heading', { name: 'The key “pipeline”' }).waitFor();
  const key = (await page.getByLabel('the key', { exact: true }).textContent()).trim();
  assert.equal(await roleOf(key), 'editor');
  await page.getByRole('button', { name: 'I have it' }).click();
  const row = page.getByRole('row', { name: /pipeline/ });
  await row.waitFor();
  await page.reload();
  await row.waitFor();
  assert.ok(!(await page.content()).includes(key), 'it is not shown again');
  await page.getByRole('button', { name: 'Revoke pipeline' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('pipeline is revoked.').waitFor();
  await until(async () => (await roleOf(key)) === null);
  await closePage(page);
});

test('a key is rotated: the new one is shown once, and the old one ends when it was said to', async () => {
  const { key: old } = await service.api('POST', '/api-keys', { name: 'rotated', role: 'viewer' }, asRoot);
  const page = await open('/ui/api-keys');
  await page.getByRole('button', { name: 'Rotate rotated' }).click();
  await page.getByRole('dialog').getByLabel('The old key').selectOption('Ends at once');
  await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click();
  await page.getByRole('heading', { name: 'The key “rotated”' }).waitFor();
  const key = (await page.getByLabel('the key', { exact: true }).textContent()).trim();
  assert.equal(await roleOf(key), 'viewer');
  await until(async () => (await roleOf(old)) === null);
  await closePage(page);
});

test('a calendar is made of lines, and drawn: whole days, days in part, and days by a rule', async () => {
  const page = await open('/ui/calendars');
  await page.getByRole('button', { name: 'New calendar' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('closed');
  await dialog.getByLabel('Days').fill('not a day');
  await dialog.getByText('“not a day” is not understood.').waitFor();
  assert.equal(await dialog.getByRole('button', { name: 'Make the calendar' }).isDisabled(), true);
  const year = new Date().getUTCFullYear();
  await dialog.getByLabel('Days').fill(`${year}-12-24 to ${year}-12-26`);
  await dialog.getByLabel('Hours').fill('WED 12:00 to WED 18:00');
  await dialog.getByLabel('Rules').fill('FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=1,8');
  await dialog.getByRole('button', { name: 'Make the calendar' }).click();
  await page.getByRole('heading', { name: 'closed' }).waitFor();
  await page.getByRole('img', { name: /^Dec: left out 24, 25, 26/ }).waitFor();
  await page.getByRole('img', { name: /^May: left out 01, 08/ }).waitFor();
  const days = Array.from({ length: 31 }, (_, index) => new Date(Date.UTC(year, 0, index + 1)));
  const wednesdays = days.filter((day) => day.getUTCDay() === 3).map((day) => day.toISOString().slice(8, 10));
  await page.getByRole('img', { name: `Jan: in part ${wednesdays.join(', ')}` }).waitFor();
  await closePage(page);
});

test('a change of a calendar shows which jobs move before it is saved, and moves them then', async () => {
  const calendar = await service.api('POST', '/calendars', { name: 'freeze', timeZone: 'UTC' }, asRoot);
  const schedule = { type: 'cron', expression: '0 12 * * *', timeZone: 'UTC', exclude: ['freeze'] };
  const made = { name: 'moved', schedule, target: 'https://example.com/' };
  const job = await service.api('POST', '/jobs', made, asRoot);
  const nextRun = async () => (await service.api('GET', `/jobs/${job.id}`, undefined, asRoot)).nextRunAt;
  const due = await nextRun();
  const page = await open(`/ui/calendars/${calendar.id}`);
  await page.getByLabel('Days').fill(due.slice(0, 10));
  await page.getByRole('button', { name: 'See what moves' }).click();
  await page.getByText('1 job would fire at another time:').waitFor();
  await page.getByRole('link', { name: 'moved' }).waitFor();
  assert.equal(await nextRun(), due, 'nothing has changed yet');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved; 1 job fires at another time.').waitFor();
  assert.equal(await nextRun(), new Date(Date.parse(due) + 86_400_000).toISOString());
  await page.getByRole('button', { name: 'Delete' }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('alert').waitFor(); // a job names it
  await closePage(page);
});
