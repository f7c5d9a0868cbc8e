// axe-core on every page, light and dark: `npm run test:web`.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { fill, startReceiver } from './lively.mjs';
import { pagesOf } from './pages.mjs';
import { launchBrowser, startService, until } from './support.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const LOOKS = { viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' };
let service, receiver, browser, pages;
before(async () => {
  [service, receiver, browser] = await Promise.all([startService(), startReceiver(), launchBrowser()]);
  await fill(service.url, receiver.url);
  await until(async () => (await service.api('GET', '/runs?state=failed&limit=1')).data.length > 0);
  pages = await pagesOf(service);
});
after(async () => {
  await browser?.close();
  await Promise.all([service?.close(), receiver?.close()]);
});

for (const colorScheme of ['light', 'dark']) {
  test(`no page has what axe finds fault with: ${colorScheme}`, async () => {
    // The policy of the page would refuse axe as it does all that is not ours.
    const context = await browser.newContext({ ...LOOKS, bypassCSP: true, colorScheme });
    const page = await context.newPage();
    const found = [];
    for (const [name, path] of pages) {
      await show(page, path);
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
      for (const { id, nodes } of violations) {
        found.push(
          `${name}: ${id}: ${nodes
            .slice(0, 3)
            .map(({ html }) => html.slice(0, 200))
            .join(' | ')}`,
        );
      }
    }
    await context.close();
    assert.deepEqual(found, []);
  });
}

for (const [width, height] of [
  [360, 740],
  [3840, 2160],
]) {
  test(`no page is wider than a screen of ${width} px`, async () => {
    const context = await browser.newContext({ ...LOOKS, viewport: { width, height } });
    const page = await context.newPage();
    const found = [];
    for (const [name, path] of pages) {
      await show(page, path);
      // What loads late may move the page once more: it counts when it stays too wide.
      const fits = () => document.documentElement.scrollWidth <= innerWidth;
      await page.waitForFunction(fits, undefined, { timeout: 3_000 }).catch(() => undefined);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) found.push(`${name}: ${over} px`);
    }
    await context.close();
    assert.deepEqual(found, []);
  });
}

async function show(page, path) {
  await page.goto(service.url + path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  const loaded = () => document.querySelector('[aria-label="Loading"]') === null;
  await page.waitForFunction(loaded, undefined, { timeout: 5_000 }).catch(() => undefined);
}
