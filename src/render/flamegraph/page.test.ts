/** The picture in a browser: what a person does with it. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import type { Page } from 'playwright-core';

import { EMPTY_META, ProfileBuilder } from '../../profile/builder.js';
import { Layer, type Profile } from '../../profile/profile.js';
import { becomes, sharedBrowser, skipWithoutBrowser } from '../../testing/browser.js';
import { drawProfile } from '../../testing/drawn.js';
import {
  clickFrame,
  cost,
  labels,
  matched,
  name,
  placeOf,
  SMALL,
  SMALL_LABELS,
  withFlamePage,
} from '../../testing/flame-page.js';
import { renderFlameGraph, type FlameGraphOptions } from './flamegraph.js';

const browser = sharedBrowser();

function withPage(
  t: TestContext,
  body: (page: Page) => Promise<void>,
  profile = SMALL,
  options: Partial<FlameGraphOptions> = {},
): Promise<void> {
  return withFlamePage(t, browser(), profile, options, body);
}

const PARSE = ['parse', 'parse', 'main', 'all'];

test('hovering tells name, place, time and shares', (t) =>
  withPage(t, async (page) => {
    await becomes(() => labels(page), SMALL_LABELS);
    await becomes(() => cost(page), '10.0 ms · 100.00% of all · self 0');
    await page.mouse.move(...(await placeOf(page, 'parse', 0)));
    assert.equal(await name(page), 'parse');
    assert.equal(await page.locator('.place').textContent(), 'app.py');
    await becomes(() => cost(page), '5.00 ms · 50.00% of all · self 3.00 ms, 30.00%');
    await page.mouse.move(600, 5);
    assert.equal(await name(page), 'all');
  }));

test('a click zooms, ancestors stay and fade; Escape, Undo and the browser go back', (t) =>
  withPage(t, async (page) => {
    await clickFrame(page, 'parse', 0);
    await becomes(() => labels(page), PARSE);
    assert.equal(await page.locator('.graph g.faded path').count(), 2);
    await becomes(() => cost(page), '5.00 ms · 50.00% of all · self 3.00 ms, 30.00%');
    await page.mouse.move(...(await placeOf(page, 'parse', 1)));
    assert.equal(
      await cost(page),
      '2.00 ms · 20.00% of all · 40.00% of zoomed · self 2.00 ms, 20.00%',
    );

    await page.goBack();
    await becomes(() => labels(page), SMALL_LABELS);
    await page.goForward();
    await becomes(() => labels(page), PARSE);

    await clickFrame(page, 'main');
    await becomes(() => labels(page), ['read', 'parse', 'load', 'parse', 'main', 'all']);
    await page.getByRole('button', { name: 'Undo' }).click();
    await becomes(() => labels(page), PARSE);
    await page.keyboard.press('Escape');
    await becomes(() => labels(page), SMALL_LABELS);
    assert.ok(await page.getByRole('button', { name: 'Reset' }).isDisabled());
  }));

test('a zoom and a search survive a reload, and can be sent as a link', (t) =>
  withPage(t, async (page) => {
    await clickFrame(page, 'parse', 0);
    await page.locator('.search').fill('pars');
    await becomes(() => Promise.resolve(/#frame=\w+&search=pars$/.test(page.url())), true);
    await page.reload();
    await becomes(() => labels(page), PARSE);
    assert.equal(await page.evaluate("document.querySelector('.search').value"), 'pars');
  }));

test('a search marks matches and counts nested ones once', (t) =>
  withPage(t, async (page) => {
    await page.keyboard.press('Control+f');
    await page.keyboard.type('PARSE');
    await becomes(() => matched(page), '50.00% of all in 1 function');
    const marks = await page.locator('.graph .match').getAttribute('d');
    assert.equal(marks?.match(/M/g)?.length, 2);

    await page.locator('.search').fill('^(load|poll)$');
    await becomes(() => matched(page), 'no match');
    await page.getByRole('checkbox').check();
    await becomes(() => matched(page), '50.00% of all in 2 functions');
    await clickFrame(page, 'main');
    await becomes(() => matched(page), '50.00% of all, 16.67% of zoomed in 2 functions');
    await page.locator('.search').fill('(');
    await becomes(() => matched(page), 'not a regular expression');

    await page.keyboard.press('Escape');
    await becomes(() => matched(page), '');
    assert.equal(await page.evaluate("document.querySelector('.search').value"), '');
    assert.equal(await page.locator('.graph .match').getAttribute('d'), '');
  }));

test('a search finds files too', (t) =>
  withPage(t, async (page) => {
    await page.keyboard.press('/');
    await page.keyboard.type('app.py');
    await becomes(() => matched(page), '60.00% of all in 3 functions');
    await page.getByRole('button', { name: 'Clear the search' }).click();
    await becomes(() => matched(page), '');
  }));

test('the keyboard alone walks, zooms and goes back', (t) =>
  withPage(t, async (page) => {
    await page.locator('.graph').focus();
    const walk: string[] = [];
    for (const key of [
      'ArrowUp',
      'ArrowUp',
      'ArrowLeft',
      'ArrowRight',
      'ArrowDown',
      'ArrowRight',
    ]) {
      await page.keyboard.press(key);
      walk.push((await name(page)) ?? '');
    }
    assert.deepEqual(walk, ['main', 'parse', 'load', 'parse', 'main', 'start_thread']);
    assert.equal(await page.locator('.outline').getAttribute('visibility'), 'visible');
    await page.keyboard.press('Enter');
    await becomes(() => labels(page), ['poll', 'start_thread', 'all']);
    await page.keyboard.press('Backspace');
    await becomes(() => labels(page), SMALL_LABELS);
  }));

test('flipped, the root is on top and arrows follow', (t) =>
  withPage(t, async (page) => {
    await page.getByRole('button', { name: 'Icicle' }).click();
    assert.equal((await labels(page))[0], 'all');
    await page.locator('.graph').focus();
    await page.keyboard.press('ArrowDown');
    assert.equal(await name(page), 'main');
  }));

test('the graph follows the width of the window, and labels are fitted again', (t) =>
  withPage(
    t,
    async (page) => {
      const long = 'a_function_with_a_rather_long_name_that_says_all';
      await becomes(() => labels(page), [long, 'all']);
      await page.setViewportSize({ width: 320, height: 500 });
      const isCut = async (): Promise<boolean> =>
        /^a_function_.*….*s_all$/.test((await labels(page))[0]);
      await becomes(isCut, true);
      const overflow = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
      assert.equal(overflow, false);
      const [bar, text] = [page.locator('.graph'), page.locator('.graph text').first()];
      const [barBox, textBox] = [await bar.boundingBox(), await text.boundingBox()];
      assert.ok(barBox && textBox && textBox.width < barBox.width && barBox.width <= 320);
    },
    drawProfile('a_function_with_a_rather_long_name_that_says_all[python]'),
  ));

test('a toolbar that takes more lines leaves the root in sight', (t) =>
  withPage(
    t,
    async (page) => {
      const rootInSight = (): Promise<boolean> =>
        page.evaluate(`(() => {
          const root = [...document.querySelectorAll('.graph text')].find((text) => text.textContent === 'all').getBoundingClientRect();
          const scroller = document.querySelector('.scroller').getBoundingClientRect();
          return root.bottom <= scroller.bottom;
        })()`);
      await becomes(async () => (await labels(page)).at(-1), 'all');
      await becomes(rootInSight, true);
      await page.evaluate(`document.querySelector('.tools').style.paddingBottom = '90px'`);
      await becomes(rootInSight, true);
    },
    drawProfile(Array.from({ length: 60 }, (_, depth) => `level${depth}[python]`).join('\n')),
  ));

test('it is dark for those who ask for it', (t) =>
  withPage(t, async (page) => {
    const ground = (): Promise<string> =>
      page.evaluate("getComputedStyle(document.querySelector('.app')).backgroundColor");
    await page.emulateMedia({ colorScheme: 'light' });
    assert.equal(await ground(), 'rgb(255, 255, 255)');
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.equal(await ground(), 'rgb(20, 22, 26)');
    await page.emulateMedia({ colorScheme: null });
  }));

test('on paper it is the static picture, whole and light', (t) =>
  withPage(t, async (page) => {
    await page.evaluate(`addEventListener('beforeprint', () => {
      const svg = document.documentElement;
      globalThis.printed = svg.getAttribute('viewBox');
    })`);
    const pdf = await page.pdf();
    assert.equal(pdf.subarray(0, 5).toString(), '%PDF-');
    assert.match(await page.evaluate<string>('printed'), /^0 0 1200 \d+$/);
    assert.equal(await page.evaluate("document.documentElement.getAttribute('viewBox')"), null);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    assert.deepEqual(
      await page.evaluate(`['.static', '.interactive', '.page'].map((part) => {
        const style = getComputedStyle(document.querySelector(part));
        return part === '.page' ? style.fill : style.display;
      })`),
      ['inline', 'none', 'rgb(255, 255, 255)'],
    );
    await page.emulateMedia({ media: null, colorScheme: null });
  }));

const HOSTILE = [
  '</script><script>alert(1)</script>',
  ']]><script>alert(2)</script>',
  '<img/onerror=alert(3)/src=x>',
  '"onload="alert(4)',
  "');alert(5);//",
  '${alert(6)}`',
  '&lt;b&gt;&amp;',
  'evil\u202egnp.exe',
  'nul\u0000bell\u0007esc\u001b[31m',
  'lone\ud800surrogate\uffff',
  'größe_名前_مرحبا_🔥',
  '__proto__',
  '\\u003cscript>',
];

test('hostile names are shown as text; none of them runs', (t) =>
  withPage(
    t,
    async (page) => {
      const shown: string[] = [];
      await page.locator('.graph').focus();
      for (let i = 0; i < HOSTILE.length; i++) {
        await page.keyboard.press('ArrowUp');
        shown.push((await name(page)) ?? '');
      }
      const expected = [...HOSTILE];
      expected[7] = 'evil\\u202egnp.exe';
      expected[8] = 'nul\\x00bell\\x07esc\\x1b[31m';
      expected[9] = 'lone\\ud800surrogate\\uffff';
      assert.deepEqual(shown, expected);
      assert.deepEqual((await labels(page)).reverse(), ['all', ...expected]);
      // The document was well-formed XML, with one script, ours; nothing became an element.
      assert.equal(await page.evaluate('document.querySelectorAll("parsererror").length'), 0);
      assert.equal(await page.evaluate('document.querySelectorAll("script").length'), 1);
      assert.equal(await page.evaluate('document.querySelectorAll("img, b[onload]").length'), 0);
      assert.equal(await page.evaluate('document.title'), HOSTILE[1]);
      assert.equal(await page.locator('h1').textContent(), HOSTILE[1]);
      assert.equal(await page.locator('.notes li').textContent(), HOSTILE[2]);
    },
    hostileProfile(),
    { title: HOSTILE[1], subtitle: HOSTILE[0] },
  ));

function hostileProfile(): Profile {
  const drawn = drawProfile(HOSTILE.map((_, i) => `name${i}[python]`).join('\n'));
  const strings = drawn.strings.map((text) => {
    const match = /^name(\d+)$/.exec(text);
    return match === null ? text : HOSTILE[Number(match[1])];
  });
  return { ...drawn, strings, notes: [{ text: HOSTILE[2] }] };
}

test('without a script, and as an image, the same file is a picture with tooltips', async (t) => {
  const context = browser()?.context;
  if (context === undefined) return skipWithoutBrowser(t);
  let svg = '';
  renderFlameGraph(hostileProfile(), { title: HOSTILE[0] }, (text) => (svg += text));
  const page = await context.newPage();
  const result = await page.evaluate(
    `(async () => {
      const text = ${JSON.stringify(svg).replaceAll('\u2028', '')};
      const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
      const image = new Image();
      image.src = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
      await image.decode();
      const titles = [...parsed.querySelectorAll('g > title')].map((title) => title.textContent);
      return { root: parsed.documentElement.localName, width: image.naturalWidth, titles };
    })()`,
  );
  const { root, width, titles } = result as { root: string; width: number; titles: string[] };
  assert.equal(root, 'svg');
  assert.equal(width, 1200);
  assert.equal(titles.length, HOSTILE.length + 1);
  assert.equal(titles[1], `${HOSTILE[0]}\napp.py\n1 cpu-clock, 100.00%, self 0.00%`);
  await page.close();
});

test('of 900 levels only the rows in sight are drawn', (t) => {
  const rows = Array.from({ length: 900 }, (_, depth) => `level${depth}[python]`);
  return withPage(
    t,
    async (page) => {
      const drawn = await labels(page);
      assert.equal(drawn.at(-1), 'all');
      assert.ok(drawn.length > 30 && drawn.length < 150, `${drawn.length} labels`);
      await page.evaluate("document.querySelector('.scroller').scrollTop = 0");
      await becomes(async () => (await labels(page))[0], 'level899');
      assert.ok((await labels(page)).length < 150);
      assert.equal((await page.locator('.graph').boundingBox())?.height, 901 * 18);
      await clickFrame(page, 'level880');
      await becomes(() => name(page), 'level880');
      await becomes(async () => (await labels(page))[0], 'level899');
    },
    drawProfile(rows.join('\n')),
  );
});

test('50,000 frames are few elements, and each can be reached', (t) =>
  withPage(
    t,
    async (page) => {
      const elements = await page.evaluate<number>("document.querySelectorAll('.graph *').length");
      assert.ok(elements < 500, `${elements} elements`);
      await page.keyboard.press('Control+f');
      await page.keyboard.type('f499_99');
      await becomes(() => matched(page), '0.00% of all in 1 function');
      await page.evaluate("location.hash = 'frame=' + (1 + 250 * 101).toString(36)");
      await becomes(() => name(page), 'g323');
      const bars = await page.evaluate<string>(
        `[...document.querySelectorAll('.graph g path')].map((path) => path.getAttribute('d')).join('')`,
      );
      assert.equal(bars.match(/M/g)?.length, 100 + 2);
    },
    wideProfile(),
    { minWidth: 0 },
  ));

/** 500 functions, each with 100 more that it alone calls. */
function wideProfile(): Profile {
  const builder = new ProfileBuilder();
  const event = builder.event('cycles', 'count');
  const module = builder.module('app', '/usr/bin/app');
  const frame = (name: string): number =>
    builder.frame(builder.function(name, module, -1, Layer.Native), 0, -1, 0);
  const thread = builder.thread(1, 1, 'app');
  const comm = builder.string('app');
  for (let i = 0; i < 500; i++) {
    const outer = builder.stack(-1, frame(`g${i}`));
    for (let j = 0; j < 100; j++) {
      const stack = builder.stack(outer, frame(`f${i}_${j}`));
      builder.addSample(thread, comm, i, stack, 0, event, 1, 0);
    }
  }
  return builder.finish(EMPTY_META, []);
}
