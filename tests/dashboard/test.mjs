// SPDX-License-Identifier: MIT
// The page of `apipie dashboard` in a real browser: test.mjs APIPIE CHROMIUM, in the folder where it may write.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import puppeteer from 'puppeteer-core';

import { HOSTILE, makePages } from './pages.mjs';

const [, , apipie, chromium] = process.argv;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const home = process.cwd();
const tests = [];
const test = (name, run) => tests.push({ name, run });

rmSync('pages', { recursive: true, force: true });
mkdirSync('pages');
process.chdir('pages');
const bytes = makePages(apipie);
const browser = await puppeteer.launch({ executablePath: chromium, headless: true,
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb'] });

// Opens a page and gives it to look; what the browser has to complain about, or asks for, is a failure.
async function open(name, { width = 1280, scheme = 'light', script = true } = {}, look) {
  const page = await browser.newPage();
  const url = pathToFileURL(`${home}/pages/${name}.html`).href;
  const trouble = [];
  page.on('console', (message) => trouble.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => trouble.push(`error: ${error}`));
  page.on('request', (request) => request.url() === url || trouble.push(`request: ${request.url()}`));
  await page.setJavaScriptEnabled(script);
  await page.setViewport({ width, height: 800 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
  await page.goto(url);
  try {
    await look(page);
  } finally {
    await page.close();
  }
  assert.deepEqual(trouble, []);
}

const unfold = (page) => page.$$eval('details', (all) => all.forEach((one) => { one.open = true; }));

// ---- what everybody can read

for (const scheme of ['light', 'dark'])
  test(`axe finds nothing, ${scheme}`, async () => {
    for (const name of ['full', 'empty'])
      await open(name, { scheme }, async (page) => {
        await unfold(page);
        await page.evaluate(axe);
        const { violations, passes } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
        assert.deepEqual(violations.map((v) => [v.id, v.help, v.nodes.slice(0, 3).map((n) => n.html)]), []);
        assert.ok(passes.length > 15);
      });
  });

// axe does not look at words and shapes of SVG.
for (const scheme of ['light', 'dark'])
  test(`contrast in charts, ${scheme}`, () => open('full', { scheme }, async (page) => {
    const poor = await page.evaluate(() => {
      const channels = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map((c) => c / 255)
        .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
      const light = (colour) => channels(colour).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
      const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
      const ground = getComputedStyle(document.querySelector('.card')).backgroundColor;
      const below = (selector, property, least) => [...document.querySelectorAll(selector)]
        .map((shape) => [shape.outerHTML.slice(0, 90), ratio(getComputedStyle(shape)[property], ground), least])
        .filter(([, found]) => !(found >= least));
      return [...below('.chart text', 'fill', 4.5), ...below('.chart .line', 'stroke', 3),
        ...below('.chart rect:not(.track):not(.hit), .chart circle', 'fill', 3)];
    });
    assert.deepEqual(poor.slice(0, 3), []);
  }));

test('nothing is wider than the screen, folded or not', async () => {
  for (const name of ['full', 'thousand', 'empty'])
    for (const width of [360, 1280])
      await open(name, { width }, async (page) => {
        for (const step of [() => {}, unfold]) {
          await step(page);
          const [wide, over] = await page.evaluate(() => [document.documentElement.scrollWidth,
            [...document.querySelectorAll('.card, .scroll, .chart, h3, nav')]
              .filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5).map((one) => one.outerHTML.slice(0, 80))]);
          assert.equal(wide, width, `${name} at ${width}`);
          assert.deepEqual(over, []);
        }
      });
});

test('words of a chart do not run into each other, nor out of it', async () => {
  for (const width of [360, 1280])
    await open('full', { width }, async (page) => {
      const found = await page.evaluate(() => {
        const bad = [];
        for (const chart of document.querySelectorAll('svg[role="img"]')) {
          const frame = chart.getBoundingClientRect();
          const boxes = [...chart.querySelectorAll('text')].map((text) => {
            const own = text.getBoundingClientRect();
            const width = getComputedStyle(text.parentNode).width; // a part of the chart, where names are cut
            const cut = text.parentNode.matches('.words') ? frame.left + frame.width * parseFloat(width) / (width.endsWith('%') ? 100 : frame.width) : own.right;
            return { text: text.textContent, left: own.left, right: Math.min(own.right, cut), top: own.top + 3, bottom: own.bottom - 3 };
          });
          boxes.forEach((a, i) => {
            if (a.left < frame.left - 1 || a.right > frame.right + 1) bad.push(['out', a.text]);
            for (const b of boxes.slice(i + 1))
              if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) bad.push([a.text, b.text]);
          });
        }
        return bad;
      });
      assert.deepEqual(found, [], `at ${width}`);
    });
});

test('every chart says in words what it shows, and has its numbers in a table', () => open('full', {}, async (page) => {
  const charts = await page.evaluate(() => [...document.querySelectorAll('svg[role="img"]')].map((chart) => {
    const card = chart.closest('.card');
    return { said: chart.getAttribute('aria-label'), values: [...chart.querySelectorAll('.value')].map((v) => v.textContent),
      cells: [...card.querySelectorAll('details table :is(td, th)')].map((cell) => cell.textContent),
      tables: [...card.querySelectorAll('table')].map((t) => [t.caption.textContent, t.querySelectorAll('thead th[scope="col"]').length,
        t.querySelectorAll('tbody tr').length, t.querySelectorAll('tbody th[scope="row"]').length]) };
  }));
  // "1.21 s", "$0.004", "36": seconds, dollars, a number.
  const numbers = (text) => [...text.matchAll(/([\d,]*\.?\d+)( ms| min)?/g)]
    .map(([, digits, unit]) => Number(digits.replaceAll(',', '')) * (unit === ' ms' ? 0.001 : unit === ' min' ? 60 : 1));
  assert.ok(charts.length > 20);
  for (const { said, values, cells, tables } of charts) {
    const known = cells.flatMap(numbers);
    assert.match(said, /^[A-Z].{15,}\d/s);
    assert.ok(tables.length > 0, said);
    for (const [caption, columns, rows, names] of tables) {
      assert.ok(caption.length > 5 && columns > 1 && rows > 0, said);
      assert.equal(names, rows);
    }
    for (const number of values.flatMap(numbers))
      assert.ok(known.some((one) => Math.abs(one - number) <= 0.0051 + number * 0.001), `${number} of "${said}" is in no table`);
    for (const value of values.filter((text) => /^[■▲●○]/.test(text)))
      assert.ok(cells.includes(value.slice(2).replace(' !', '')), value);
  }
}));

test('landmarks and headings', () => open('full', {}, async (page) => {
  const found = await page.evaluate(() => ({
    marks: ['header', 'nav[aria-label]', 'main', 'footer', 'h1'].map((one) => document.querySelectorAll(one).length),
    lang: document.documentElement.lang, sections: [...document.querySelectorAll('main > section')]
      .map((one) => document.getElementById(one.getAttribute('aria-labelledby')).textContent),
    dead: [...document.querySelectorAll('nav a')].filter((a) => !document.querySelector(a.getAttribute('href'))).map((a) => a.textContent),
  }));
  assert.deepEqual(found.marks, [1, 1, 1, 1, 1]);
  assert.equal(found.lang, 'en');
  assert.deepEqual(found.sections, ['At a glance', 'Recommendations', 'Availability', 'Health', 'Response times', 'Prices',
    'Prices and response times over time', 'Costs']);
  assert.deepEqual(found.dead, []);
}));

// ---- what it must not do

test('a hostile name is text', async () => {
  for (const name of ['full', 'thousand'])
    await open(name, {}, async (page) => {
      await unfold(page);
      const found = await page.evaluate(() => [typeof window.hit, document.scripts.length, document.images.length, document.body.textContent]);
      assert.deepEqual(found.slice(0, 3), ['undefined', 0, 0]);
      assert.ok(found[3].includes(HOSTILE));
    });
});

test('the page may not run or fetch anything', () => open('full', {}, async (page) => {
  const policy = await page.$eval('meta[http-equiv="Content-Security-Policy"]', (meta) => meta.content);
  assert.match(policy, /^default-src 'none'; style-src 'unsafe-inline'(;|$)/);
  assert.ok(!policy.includes('script'));
}));

test('it works without JavaScript', () => open('full', { script: false, width: 360 }, async (page) => {
  const summary = await page.$('details > summary');
  await summary.click();
  assert.ok(await page.$('details[open] table'));
  const shot = await page.screenshot({ path: `${home}/phone.png`, fullPage: true });
  assert.ok(shot.length > 50000);
}));

test('a thousand models stay below a megabyte', async () => {
  assert.ok(bytes.thousand < 1e6, `${bytes.thousand} bytes`);
  await open('thousand', {}, async (page) => {
    const rows = await page.$$eval('#prices tbody th', (all) => new Set(all.map((one) => one.textContent)).size);
    assert.ok(rows >= 1000, `${rows} rows`);
  });
});

test('pictures to look at', async () => {
  for (const scheme of ['light', 'dark'])
    await open('full', { scheme }, (page) => page.screenshot({ path: `${home}/${scheme}.png`, fullPage: true }));
});

let failed = 0;
for (const { name, run } of tests) {
  try {
    await run();
    console.log(`ok ${name}`);
  } catch (error) {
    failed++;
    console.log(`not ok ${name}\n${String(error.message).slice(0, 1500)}`);
  }
}
await browser.close();
console.log(`${tests.length - failed} of ${tests.length} passed; bytes: ${JSON.stringify(bytes)}`);
process.exit(failed === 0 && tests.length > 0 ? 0 : 1);
