// `npm run screenshots`: every page, light and dark, narrow and wide, into docs/screenshots. What is on them lives while
// they are taken, so that they differ a little each time.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fill, startReceiver } from './lively.mjs';
import { pagesOf } from './pages.mjs';
import { launchBrowser, startService, until } from './support.mjs';

const FOLDER = join(import.meta.dirname, '../../docs/screenshots');
const LIVELY_MS = Number(process.env.LIVELY_MS ?? 75_000); // long enough for strips of fifty
const SIZES = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } };

const [service, receiver, browser] = await Promise.all([startService(), startReceiver(), launchBrowser()]);
try {
  await fill(service.url, receiver.url);
  await delay(LIVELY_MS);
  await until(async () => (await service.api('GET', '/runs?state=failed&limit=1')).data.length > 0);
  const pages = await pagesOf(service);
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const colorScheme of ['light', 'dark']) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      const context = await browser.newContext({
        viewport,
        colorScheme,
        timezoneId: 'Europe/Paris',
        reducedMotion: 'reduce',
      });
      const page = await context.newPage();
      for (const [name, path] of pages) {
        await page.goto(service.url + path);
        await page.getByRole('heading', { level: 1 }).waitFor();
        await page.waitForFunction(() => document.querySelector('[aria-label="Loading"]') === null);
        await delay(900); // charts and strips come a moment after the words
        await page.screenshot({ path: join(FOLDER, `${name}-${colorScheme}-${size}.png`) });
        process.stdout.write(`${name}-${colorScheme}-${size}.png\n`);
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
  await Promise.all([service.close(), receiver.close()]);
}
