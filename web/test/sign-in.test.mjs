// Signing in at a provider of OpenID Connect: `npm run test:web`.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startIssuer } from './issuer.mjs';
import { closePage, launchBrowser, openPage, startService } from './support.mjs';

let issuer, service, browser;
before(async () => {
  issuer = await startIssuer({ aud: 'carillon', carillon_role: 'editor', carillon_project: 'default' });
  const env = { OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: 'carillon', OIDC_CLIENT_ID: 'dashboard' };
  [service, browser] = await Promise.all([
    startService({ ...env, AUTH: 'keys', ROOT_API_KEY: 'root-key-of-the-sign-in-tests-0123456789' }),
    launchBrowser(),
  ]);
});
after(async () => {
  await browser?.close();
  await service?.close();
  await issuer?.close();
});

test('the provider lets in, one comes back to the page that was wanted, and the code is not left in the address', async () => {
  const page = await openPage(browser, `${service.url}/ui/jobs?state=paused`);
  await page.getByRole('button', { name: /^Continue with 127\.0\.0\.1/ }).click();
  await page.getByRole('heading', { name: 'Jobs', exact: true }).waitFor();
  assert.equal(page.url(), `${service.url}/ui/jobs?state=paused`);
  await page.getByRole('link', { name: 'New job' }).waitFor();
  const kept = await page.evaluate(() => [JSON.stringify({ ...localStorage }), document.cookie].join(' '));
  assert.ok(!/ey[\w-]+\.[\w-]+\.[\w-]+/.test(kept), 'the token is nowhere but in the session');
  await page.getByRole('button', { name: 'Account and looks' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in to Carillon' }).waitFor();
  await closePage(page);
});

test('what the provider refuses is told, and one can try again', async () => {
  issuer.refuse = true;
  const page = await openPage(browser, `${service.url}/ui/jobs`);
  await page.getByRole('button', { name: /^Continue with/ }).click();
  await page.getByRole('alert').getByText('The provider refused: access_denied').waitFor();
  issuer.refuse = false;
  await page.getByRole('button', { name: /^Continue with/ }).click();
  await page.getByRole('heading', { name: 'Jobs', exact: true }).waitFor();
  await closePage(page);
});

test('an answer that this tab did not ask for signs nobody in', async () => {
  const page = await openPage(browser, `${service.url}/ui/sign-in?code=stolen&state=another`);
  await page.getByText('This answer belongs to no sign-in of this tab.').waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await closePage(page);
});
