// SPDX-License-Identifier: Apache-2.0
// Opens report pages in headless Chromium; see ci/look.
import { createRequire } from 'node:module';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, pictures, browser, ...pages] = process.argv.slice(2);
const require = createRequire(join(resolve(modules), 'any.js'));
const { default: puppeteer } = await import(pathToFileURL(require.resolve('puppeteer-core')));
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const SIGHTS = [
  { name: 'desktop', width: 1280, height: 900, scheme: 'light' },
  { name: 'dark', width: 1280, height: 900, scheme: 'dark' },
  { name: 'phone', width: 360, height: 740, scheme: 'light' },
  { name: 'print', width: 794, height: 1123, scheme: 'light', media: 'print' },
];

// A picture shows so many pixels of a page at most; Chromium refuses to take a much higher one.
const MOST_HEIGHT = 12_000;

// What a page may take to open on a screen; on a busy machine, so many times as long as one that holds nothing. A printer
// wants all of it laid out.
const MOST_MILLIS = 2000;
const MOST_TIMES = 20;

mkdirSync(pictures, { recursive: true });
const empty = join(pictures, 'empty.html');
writeFileSync(empty, '<!DOCTYPE html><html lang="en"><title>Empty</title>');
const chromium = await puppeteer.launch({ executablePath: browser, args: ['--no-sandbox', '--disable-gpu', '--headless=new'] });
let wrong = 0;
const complain = (where, what) => { wrong++; console.error(`${where}: ${what}`); };

const opened = async (page, address) => {
  const begin = Date.now();
  await page.goto(address, { waitUntil: 'load' });
  return Date.now() - begin;
};

for (const file of pages) {
  for (const sight of SIGHTS) {
    const where = `${basename(file)} ${sight.name}`;
    const page = await chromium.newPage();
    const compared = await opened(page, pathToFileURL(empty).href);
    const address = pathToFileURL(resolve(file)).href;
    page.on('console', (message) => complain(where, `console: ${message.text()}`));
    page.on('pageerror', (error) => complain(where, `error: ${error}`));
    page.on('request', (request) => request.url() === address || complain(where, `request: ${request.url()}`));
    page.on('dialog', (dialog) => { complain(where, `dialog: ${dialog.message()}`); dialog.dismiss(); });
    await page.setViewport({ width: sight.width, height: sight.height });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: sight.scheme }]);
    if (sight.media) await page.emulateMediaType(sight.media);
    const millis = await opened(page, address);
    if (!sight.media && millis > Math.max(MOST_MILLIS, MOST_TIMES * compared)) complain(where, `took ${millis} ms to open`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 0) complain(where, `${wide} pixels too wide`);
    const height = Math.min(MOST_HEIGHT, await page.evaluate(() => document.documentElement.scrollHeight));
    await page.screenshot({ path: join(pictures, `${basename(file, '.html')}-${sight.name}.png`), captureBeyondViewport: true,
      clip: { x: 0, y: 0, width: sight.width, height } });
    // What is folded has contrast and labels too.
    await page.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
    // The page's policy refuses scripts, so the checker comes by the debugger's door.
    await page.evaluate(`(() => { const module = undefined, define = undefined; ${axe}\n })()`);
    const found = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ['violations'] })).violations
      .map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + ' ' + (n.any[0]?.message ?? '')).join(' | ')}`));
    found.forEach((violation) => complain(where, `axe: ${violation}`));
    console.log(`${where}: opened in ${millis} ms (an empty page in ${compared} ms), ${found.length} violations`);
    await page.close();
  }
}
await chromium.close();
process.exit(wrong === 0 ? 0 : 1);
