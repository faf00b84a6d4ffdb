import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import type { Page } from 'playwright-core';

import type { Profile } from '../../profile/profile.js';
import { becomes, sharedBrowser, withPageFile } from '../../testing/browser.js';
import { drawProfile } from '../../testing/drawn.js';
import { writeTreePage, type TreePageOptions } from './page.js';

const browser = sharedBrowser();

const LIB = '/usr/lib/python3.12';
const PICTURE = `
  weight:4000000                          weight:2000000                          weight:3000000  weight:1000000
  main[python]                            main[python]                            main[python]    main[python]
  loads[python=${LIB}/json/__init__.py]   loads[python=${LIB}/json/__init__.py]   fib[python]     -
  decode[python=${LIB}/json/decoder.py]   decode[python=${LIB}/json/decoder.py]   fib[python]
  scan[python=${LIB}/json/scanner.py]     hook[python=hooks.py]                   -
`;

/** Opens a profile's page; fails on any error of its script, and on anything that it loads. */
async function withPage(
  t: TestContext,
  body: (page: Page) => Promise<void>,
  profile: Profile = drawProfile(PICTURE, { unit: 'ns' }),
  options: Partial<TreePageOptions> = {},
  provoked = /^$/,
): Promise<void> {
  let text = '';
  writeTreePage(profile, { title: 'app', ...options }, (piece) => (text += piece));
  const file = { name: 'tree.html', text, ready: '#tree .row, #tree:not([hidden])' };
  await withPageFile(t, browser(), file, body, [provoked]);
}

/** Rows in sight: total, its share, self, name. */
function rows(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(
    `[...document.querySelectorAll('#tree .row')].map((row) => {
      const [total, share, self] = row.children;
      return [total, share, self, row.querySelector('.name')].map((cell) => cell.textContent).join(' | ');
    })`,
  );
}

const names = async (page: Page): Promise<string[]> =>
  (await rows(page)).map((row) => row.split(' | ')[3]);
const current = (page: Page): Promise<string> =>
  page.evaluate<string>(`document.querySelector('[aria-selected] .name')?.textContent ?? ''`);
const matched = (page: Page): Promise<string | null> => page.locator('#matched').textContent();

const FOLDED = ['app', 'main', 'loads', '[2 frames hidden, json]', 'hook', 'fib × 2'];

test('the numbers are the profile’s', (t) =>
  withPage(t, async (page) => {
    assert.deepEqual(await rows(page), [
      '10.0 ms | 100.0% |  | app',
      '10.0 ms | 100.0% | 1.00 ms | main',
      '6.00 ms | 60.0% |  | loads',
      '6.00 ms | 60.0% |  | [2 frames hidden, json]',
      '2.00 ms | 20.0% | 2.00 ms | hook',
      '3.00 ms | 30.0% | 3.00 ms | fib × 2',
    ]);
    assert.match((await page.textContent('header')) ?? '', /10\.0 ms of cpu-clock in 4 samples/);
  }));

test('clicks close, open and choose; all frames are there where asked for', (t) =>
  withPage(t, async (page) => {
    const row = (name: string) => page.locator('#tree .row', { hasText: name });
    await row('loads').locator('.twist').click();
    await becomes(() => names(page), ['app', 'main', 'loads', 'fib × 2']);
    await row('loads').dblclick();
    await becomes(() => names(page), FOLDED);
    await page.getByRole('button', { name: 'Close all' }).click();
    await becomes(() => names(page), ['app']);
    await page.getByRole('button', { name: 'Hot path' }).click();
    await becomes(() => current(page), '[2 frames hidden, json]');
    await page.getByRole('button', { name: 'Open all' }).click();
    await becomes(() => names(page), FOLDED);
    await page.getByRole('checkbox').check();
    const whole = ['app', 'main', 'loads', 'decode', 'scan', 'hook', 'fib', 'fib'];
    await becomes(() => names(page), whole);
    await page.getByRole('checkbox').uncheck();
    await becomes(() => names(page), FOLDED);
  }));

test('the keyboard alone walks, opens and closes', (t) =>
  withPage(t, async (page) => {
    await page.locator('#tree').focus();
    const walk: string[] = [];
    for (const key of ['End', 'ArrowUp', 'ArrowLeft', 'Home', 'ArrowDown', 'ArrowRight']) {
      await page.keyboard.press(key);
      walk.push(await current(page));
    }
    assert.deepEqual(walk, ['fib × 2', 'hook', '[2 frames hidden, json]', 'app', 'main', 'loads']);
    await page.keyboard.press('ArrowLeft');
    assert.deepEqual(await names(page), ['app', 'main', 'loads', 'fib × 2']);
    await page.keyboard.press('ArrowLeft');
    assert.equal(await current(page), 'main');
    await page.keyboard.press('Enter');
    assert.deepEqual(await names(page), ['app', 'main']);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('*');
    assert.deepEqual(await names(page), FOLDED);
    assert.equal(await page.locator('#tree').getAttribute('aria-activedescendant'), 'row2');
  }));

test('a search counts what is nested once, marks it and goes to it', (t) =>
  withPage(t, async (page) => {
    await page.keyboard.press('/');
    await page.keyboard.type('JSON');
    // The name of a folded row, and the file of a function.
    await becomes(() => matched(page), '2 rows, 60.0%');
    assert.equal(await page.locator('.row.match').count(), 2);
    await page.keyboard.press('Enter');
    assert.equal(await current(page), 'loads');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    assert.equal(await current(page), 'loads');
    await page.locator('#search').fill('hook');
    await page.getByRole('button', { name: 'Close all' }).click();
    await page.getByRole('button', { name: '↓' }).click();
    await becomes(() => current(page), 'hook');
    await page.keyboard.press('Escape');
    await becomes(() => matched(page), '');
    await page.locator('#search').fill('nowhere');
    await becomes(() => matched(page), 'no match');
  }));

test('dark for those who ask for it, or who switch; light on paper', (t) =>
  withPage(t, async (page) => {
    const ground = (): Promise<string> =>
      page.evaluate('getComputedStyle(document.body).backgroundColor');
    const [light, dark] = ['rgb(255, 255, 255)', 'rgb(20, 22, 26)'];
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.equal(await ground(), dark);
    await page.locator('#theme').click();
    assert.equal(await ground(), light);
    await page.locator('#theme').click();
    assert.equal(await ground(), dark);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    assert.equal(await ground(), light);
    assert.equal(await page.locator('#tools').isVisible(), false);
    await page.emulateMedia({ media: null, colorScheme: null });
  }));

test('without scripts it is a tree of open details', (t) =>
  withPage(t, async (page) => {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Emulation.setScriptExecutionDisabled', { value: true });
    await page.reload();
    await page.locator('#static').waitFor();
    assert.deepEqual(await page.locator('#static .name').allTextContents(), FOLDED);
    assert.equal(await page.locator('#static details[open]').count(), 2);
    assert.match(await page.locator('#static').innerText(), /6\.00 ms +60\.0%\s+loads/);
    await page.locator('#static summary', { hasText: 'main' }).click();
    assert.equal(await page.locator('#static').getByText('loads').isVisible(), false);
  }));

const HOSTILE = [
  '</script><script>alert(1)</script>',
  '<img/onerror=alert(3)/src=x>',
  '"onload="alert(4)',
  "');alert(5);//",
  '<!--<script>',
  '&lt;b&gt;&amp;',
  'evil\u202egnp.exe',
  'nul\u0000bell\u0007esc\u001b',
  'größe_名前_مرحبا_🔥',
  '__proto__',
];

test('hostile names are shown as text; none of them runs', (t) =>
  withPage(
    t,
    async (page) => {
      const shown = await names(page);
      for (const name of HOSTILE) {
        const visible = name
          .replace('\u202e', '\\u202e')
          .replace('\u0000', '\\x00')
          .replace('\u0007', '\\x07')
          .replace('\u001b', '\\x1b');
        assert.ok(shown.includes(visible), visible);
      }
      assert.equal(await page.title(), '</title><script>alert(6)</script>');
      // Nor would markup run that got in: the policy knows the page's own script only.
      const inserted = `document.body.append(Object.assign(document.createElement('script'), {text: 'globalThis.ran = 1'}))`;
      const policy = page.waitForEvent('console');
      await page.evaluate(inserted).catch(() => undefined);
      assert.match((await policy).text(), /Content Security Policy/);
      assert.equal(await page.evaluate('globalThis.ran'), undefined);
    },
    drawProfile(HOSTILE.map((name) => `${name}[python=${name}]`).join('  '), {
      notes: [{ text: '<script>alert(7)</script>' }],
    }),
    { title: '</title><script>alert(6)</script>' },
    /Content Security Policy/,
  ));

test('long names are cut and never make the page wider than its window', (t) =>
  withPage(
    t,
    async (page) => {
      await page.setViewportSize({ width: 320, height: 500 });
      await page.waitForTimeout(50);
      assert.equal(await page.evaluate('document.documentElement.scrollWidth > innerWidth'), false);
      const name = await page.locator('.row .name', { hasText: 'long' }).boundingBox();
      assert.ok(name !== null && name.x + name.width <= 320 && name.width > 50);
    },
    drawProfile(`main[python]\n${'long_'.repeat(100)}[python=/a/${'deep/'.repeat(60)}x.py]`),
  ));

test('thousands of rows: only those in sight are in the document, pages and ends are reached', (t) => {
  const wide = Array.from({ length: 3000 }, (_, i) => `weight:${4000 - i}`).join('  ');
  const mains = Array.from({ length: 3000 }, () => 'main[python]').join('  ');
  const leaves = Array.from({ length: 3000 }, (_, i) => `f${i}[python]`).join('  ');
  return withPage(
    t,
    async (page) => {
      await page.locator('#tree').focus();
      await page.keyboard.press('End');
      await becomes(() => current(page), 'f2999');
      assert.ok((await page.locator('#tree .row').count()) < 300);
      await page.keyboard.press('PageUp');
      assert.match(await current(page), /^f29\d\d$/);
      await page.evaluate(`dispatchEvent(new Event('beforeprint'))`);
      assert.equal(await page.locator('#tree .row').count(), 3002);
    },
    drawProfile([wide, mains, leaves].join('\n')),
    { minPercent: 0 },
  );
});

test('several events and threads stand apart; an inverted tree says so; no samples are said', async (t) => {
  await withPage(
    t,
    async (page) => {
      assert.deepEqual(await names(page), [
        'cpu-clock',
        'app',
        'f',
        'other',
        'f',
        'faults',
        'app',
        'f',
      ]);
      const shares = (await rows(page)).map((row) => row.split(' | ').slice(0, 2).join(' '));
      assert.deepEqual(shares.slice(0, 4), ['4 100.0%', '3 75.0%', '3 100.0%', '1 25.0%']);
    },
    drawProfile(`
      event:cpu-clock  event:cpu-clock   event:faults
      thread:1/1/app   thread:1/2/other  thread:1/1/app
      weight:3         weight:1          weight:7
      f[python]        f[python]         f[python]
    `),
  );
  await withPage(
    t,
    async (page) => assert.match((await page.textContent('header')) ?? '', /innermost functions/),
    drawProfile('f[python]'),
    { inverted: true },
  );
  await withPage(
    t,
    async (page) => {
      await page.locator('#tree').focus();
      await page.keyboard.press('End');
      assert.match((await page.textContent('header')) ?? '', /No samples/);
    },
    drawProfile(''),
  );
});
