/** The file itself: well-formed, closed to what names say, legible wherever it is shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Page } from 'playwright-core';

import type { Profile } from '../../profile/profile.js';
import { becomes, sharedBrowser } from '../../testing/browser.js';
import { drawProfile } from '../../testing/drawn.js';
import { clickFrame, labels, name, withFlamePage } from '../../testing/flame-page.js';

const browser = sharedBrowser();

const NAMES = [
  '</script><script>alert(1)</script>',
  '<!--<script>alert(2)',
  ']]><script>alert(3)</script>',
  '</style><img/onerror=alert(4)/src=x>',
  '\u0000\u0007\u001b[31m\ud800\uffff\u2028\u2029',
  '\u202egnp.exe\u2066',
  'שלום.עולם(مرحبا)',
  '名前を解析する関数の長い名前',
  '👨\u200d👩\u200d👧\u200d👦🔥🏳\ufe0f\u200d🌈',
  `e${'\u0301'.repeat(500)}`,
  '﷽﷽﷽﷽﷽﷽',
  'x'.repeat(100_000),
];

/** As many stacks beside each other as are asked for, with hostile names, `deep` frames each. */
function hostileProfile(wide: number, deep: number): Profile {
  const rows = Array.from({ length: deep }, (_, depth) =>
    Array.from({ length: wide }, (_, i) => `name${i}_${depth}[python]`).join('  '),
  );
  const drawn = drawProfile(rows.join('\n'));
  const strings = drawn.strings.map((text) => {
    const match = /^name(\d+)_(\d+)$/.exec(text);
    if (match === null) return text;
    const i = Number(match[1]) + Number(match[2]);
    return wide <= NAMES.length ? NAMES[i % NAMES.length] : `${i}${NAMES[i % 9]}`;
  });
  return { ...drawn, strings, notes: [{ text: NAMES[0] }, { text: NAMES[6] }] };
}

/** Labels that leave their frames: wider than the gap to the next label, or than the graph. */
function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const bars = new Map();
    for (const path of document.querySelectorAll('.graph path')) {
      for (const [, left, top, right] of (path.getAttribute('d') ?? '').matchAll(/M([\\d.]+) ([\\d.]+)H([\\d.]+)/g)) {
        bars.set(top + ':' + (Number(left) + 3).toFixed(1), Number(right));
      }
    }
    return [...document.querySelectorAll('.graph text')].flatMap((text) => {
      const left = Number(text.getAttribute('x'));
      const right = bars.get(Number(text.getAttribute('y')) - 13 + ':' + text.getAttribute('x'));
      const width = text.getComputedTextLength();
      return right !== undefined && left + width <= right + 0.5 ? [] : [text.textContent + ' ' + width];
    });
  })()`);
}

for (const format of ['svg', 'html'] as const) {
  test(`${format}: hostile names are text, and fit into their frames, light and dark`, (t) =>
    withFlamePage(t, browser(), hostileProfile(5, 3), { format, title: NAMES[0] }, async (page) => {
      assert.equal(await page.evaluate('document.querySelectorAll("script").length'), 1);
      const others = 'parsererror, img, .graph :not(g, path, text, rect)';
      assert.equal(await page.evaluate(`document.querySelectorAll("${others}").length`), 0);
      assert.equal(await page.evaluate('document.title'), NAMES[0]);
      assert.deepEqual(await overflowing(page), []);
      // What names say of the direction of text ends with them.
      const isolated = `getComputedStyle(document.querySelector('.name .of')).unicodeBidi`;
      assert.equal(await page.evaluate(isolated), 'isolate');

      const ground = (): Promise<string> =>
        page.evaluate("getComputedStyle(document.querySelector('.app')).backgroundColor");
      assert.equal(await ground(), 'rgb(255, 255, 255)');
      await page.keyboard.press('t');
      assert.equal(await ground(), 'rgb(20, 22, 26)');
      await page.reload();
      assert.equal(await ground(), 'rgb(20, 22, 26)', 'the choice is kept');
      await page.getByRole('button', { name: 'Dark' }).click();
      assert.equal(await ground(), 'rgb(255, 255, 255)');
    }));

  test(`${format}: 5,000 stacks wide, labels fit at every width; at 360 pixels no tool overlaps`, (t) =>
    withFlamePage(t, browser(), hostileProfile(5000, 2), { format, minWidth: 0 }, async (page) => {
      assert.deepEqual(await overflowing(page), []);
      await page.evaluate("location.hash = 'frame=1'");
      await becomes(async () => (await labels(page)).length, 3);
      assert.deepEqual(await overflowing(page), []);
      await page.setViewportSize({ width: 360, height: 640 });
      assert.deepEqual(await overflowing(page), []);
      await page.locator('.search').fill('e');
      const overlaps = await page.evaluate(`(() => {
        const boxes = [...document.querySelectorAll('.tools button, .tools label, .search, .matched, h1, .legend, .details button')]
          .filter((e) => !e.hidden && e.textContent !== '' && !e.closest('.field'))
          .map((e) => [e.textContent, e.getBoundingClientRect()]);
        return boxes.flatMap(([a, one], i) => boxes.slice(i + 1).filter(([, two]) =>
          one.left < two.right - 1 && two.left < one.right - 1 && one.top < two.bottom - 1 && two.top < one.bottom - 1,
        ).map(([b]) => a + ' / ' + b)).concat(boxes.filter(([, box]) => box.right > 361 || box.left < 0).map(([a]) => a));
      })()`);
      assert.deepEqual(overlaps, []);
      const graph = await page.locator('.scroller').boundingBox();
      assert.ok(graph && graph.height >= 150, `the graph has ${graph?.height} pixels`);
    }));
}

test('a page of HTML runs its own script alone, and walks like the SVG', (t) => {
  const profile = drawProfile('main[python]  main[python]\nparse[python]  load[python]');
  return withFlamePage(
    t,
    browser(),
    profile,
    { format: 'html' },
    async (page) => {
      await clickFrame(page, 'parse');
      await becomes(() => labels(page), ['parse', 'main', 'all']);
      assert.equal(await name(page), 'parse');
      const policy = await page.evaluate<string>(
        `document.querySelector('meta[http-equiv]').getAttribute('content')`,
      );
      assert.match(policy, /^default-src 'none'; script-src 'sha256-\S+'; style-src 'sha256-/);
      const ran = await page.evaluate(`(() => {
      addEventListener('securitypolicyviolation', (event) => (globalThis.refused = event.violatedDirective));
      const script = document.createElement('script');
      script.textContent = 'globalThis.ran = true';
      document.body.append(script);
      return new Promise((done) => setTimeout(() => done([globalThis.ran ?? false, globalThis.refused]), 50));
    })()`);
      assert.deepEqual(ran, [false, 'script-src-elem']);
    },
    [/Content Security Policy/],
  );
});

test('printed, an HTML page is the whole picture, light', (t) =>
  withFlamePage(t, browser(), drawProfile('main[python]'), { format: 'html' }, async (page) => {
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const shown =
      await page.evaluate(`['body > .static', 'body > .interactive', '.static .page'].map((part) => {
      const style = getComputedStyle(document.querySelector(part));
      return part.endsWith('.page') ? style.fill : style.display;
    })`);
    assert.deepEqual(shown, ['block', 'none', 'rgb(255, 255, 255)']);
    await page.emulateMedia({ media: null, colorScheme: null });
  }));
