/** What a reader does to the stacks in the picture, and the numbers that it then shows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Page } from 'playwright-core';

import type { Profile } from '../../profile/profile.js';
import { select } from '../../profile/selection/selection.js';
import { becomes, sharedBrowser } from '../../testing/browser.js';
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
  withFlameFile,
  withFlamePage,
} from '../../testing/flame-page.js';
import { randomProfile } from '../../testing/random-profile.js';
import { layoutFlameGraph } from './layout.js';
import { drawPicture } from './picture.js';

const browser = sharedBrowser();

const press = (page: Page, text: string): Promise<void> =>
  page.getByRole('button', { name: text, exact: true }).click();
const steps = (page: Page): Promise<string | null> => page.locator('.steps').textContent();

/** Chooses from the menu of the frame with a label. */
async function choose(page: Page, label: string, entry: RegExp): Promise<void> {
  await page.mouse.click(...(await placeOf(page, label)), { button: 'right' });
  await page.getByRole('menuitem', { name: entry }).click();
}

test('stacks are kept and removed by search, told with their share, undone and redone', (t) =>
  withFlamePage(t, browser(), SMALL, {}, async (page) => {
    await page.locator('.search').fill('parse');
    await press(page, 'Keep');
    await becomes(() => labels(page), ['parse', 'parse', 'main', 'all']);
    assert.equal(await steps(page), 'Shows 50.00% of all:only with parse ×');
    assert.equal(await cost(page), '5.00 ms · 50.00% of all · 100.00% of shown · self 0');

    await press(page, 'Undo');
    await becomes(() => labels(page), SMALL_LABELS);
    await press(page, 'Redo');
    await becomes(() => labels(page), ['parse', 'parse', 'main', 'all']);
    await page.keyboard.press('y'); // there is no more
    await page.goBack();
    await becomes(() => labels(page), SMALL_LABELS);
    const undo = page.getByRole('button', { name: 'Undo', exact: true });
    await becomes(() => undo.isDisabled(), true);

    await page.locator('.search').fill('^(load|poll)$');
    await page.getByRole('checkbox').check();
    await press(page, 'Remove');
    await becomes(() => labels(page), ['parse', 'parse', 'main', 'all']);
    assert.equal(await steps(page), 'Shows 50.00% of all:without /^(load|poll)$/ ×');
    await page.getByRole('button', { name: /^without/ }).click();
    await becomes(() => labels(page), SMALL_LABELS);
  }));

test('a frame’s function is hidden, focused, kept and removed by its menu; links restore it', (t) =>
  withFlamePage(t, browser(), SMALL, {}, async (page) => {
    await choose(page, 'main', /Hide/);
    const hidden = ['read', 'parse', 'poll', 'load', 'parse', 'start_thread', 'all'];
    await becomes(() => labels(page), hidden);
    await choose(page, 'load', /Remove/);
    const removed = ['parse', 'poll', 'parse', 'start_thread', 'all'];
    await becomes(() => labels(page), removed);
    assert.equal(await steps(page), 'Shows 90.00% of all:hidden main ×without load ×');

    await page.reload();
    await becomes(() => labels(page), removed);
    assert.match(page.url(), /#hide=%3Dmain&remove=%3Dload$/);
    await press(page, 'Reset');
    await becomes(() => labels(page), SMALL_LABELS);

    await choose(page, 'parse', /Focus/);
    await becomes(() => labels(page), ['parse', 'parse', 'all']);
    await page.mouse.move(...(await placeOf(page, 'parse')));
    const numbers = '5.00 ms · 50.00% of all · 100.00% of shown · self 3.00 ms, 30.00%';
    await becomes(() => cost(page), numbers);
  }));

test('bottom-up, the innermost functions come first, with all of their callers', (t) =>
  withFlamePage(t, browser(), SMALL, {}, async (page) => {
    await press(page, 'Bottom-up');
    const merged = [
      'main',
      'main',
      'main',
      'parse',
      'start_thread',
      'load',
      'parse',
      'poll',
      'read',
    ];
    await becomes(() => labels(page), [...merged, 'all']);
    await page.locator('.graph').focus();
    await page.keyboard.press('ArrowUp'); // the heaviest
    assert.equal(await name(page), 'parse');
    assert.equal(await cost(page), '5.00 ms · 50.00% of all');
    await press(page, 'Bottom-up');
    await becomes(() => labels(page), SMALL_LABELS);
  }));

test('ordered by size, the heaviest stands first; the zoom stays at its frame', (t) =>
  withFlamePage(t, browser(), SMALL, {}, async (page) => {
    const lefts = async (label: string): Promise<number> => (await placeOf(page, label))[0];
    assert.ok((await lefts('load')) < (await lefts('parse')));
    await clickFrame(page, 'main');
    await press(page, 'By size');
    await becomes(() => name(page), 'main');
    assert.ok((await lefts('load')) > (await lefts('parse')));
    await page.keyboard.press('u');
    await becomes(async () => (await lefts('load')) < (await lefts('parse')), true);
  }));

test('each key does what the help says', (t) =>
  withFlamePage(t, browser(), SMALL, {}, async (page) => {
    await page.keyboard.press('?');
    assert.match((await page.getByRole('dialog').textContent()) ?? '', /search/);
    await page.keyboard.press('Escape');
    assert.equal(await page.getByRole('dialog').count(), 0);
    for (const key of ['ArrowUp', 'ArrowUp']) await page.keyboard.press(key);
    assert.equal(await name(page), 'parse');
    await page.keyboard.press('k');
    await becomes(() => steps(page), 'Shows 50.00% of all:only with parse ×');
    await page.keyboard.press('u');
    await becomes(() => labels(page), SMALL_LABELS);
    await page.keyboard.press('y');
    await becomes(() => steps(page), 'Shows 50.00% of all:only with parse ×');
    await page.keyboard.press('0');
    await becomes(() => labels(page), SMALL_LABELS);
    await page.keyboard.press('v');
    await becomes(async () => (await labels(page))[0], 'all');
    await page.keyboard.press('/');
    await page.keyboard.type('poll');
    await page.keyboard.press('Enter');
    await page.keyboard.press('n');
    assert.equal(await name(page), 'poll');
    await page.keyboard.press('m');
    assert.equal(await page.getByRole('menu').getAttribute('aria-label'), 'poll');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await becomes(() => steps(page), 'Shows 40.00% of all:focus on poll ×');
  }));

test('a finger’s first tap shows the numbers, the next one zooms', (t) =>
  withFlamePage(t, browser(), SMALL, {}, async (page) => {
    const [x, y] = await placeOf(page, 'main');
    const tap = (): Promise<void> =>
      page.evaluate(`(() => {
        const at = { clientX: ${x}, clientY: ${y}, pointerType: 'touch', bubbles: true };
        const graph = document.querySelector('.graph');
        for (const type of ['pointerdown', 'pointerup', 'click']) {
          graph.dispatchEvent(new PointerEvent(type, at));
        }
      })()`);
    await tap();
    assert.equal(await name(page), 'main');
    assert.deepEqual(await labels(page), SMALL_LABELS);
    await tap();
    await becomes(async () => (await labels(page)).includes('poll'), false);
  }));

/** The weight of the samples that a selection leaves. */
function weighed(profile: Profile): number {
  return profile.samples.weight.reduce((sum, weight) => sum + weight, 0);
}

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(2)}%`;

test('the shares are those of the profile’s own queries', (t) => {
  const whole = select(randomProfile(7, 400), { event: 'cpu-clock', view: 'full' }).profile;
  const total = weighed(whole);
  return withFlamePage(t, browser(), whole, { minWidth: 0 }, async (page) => {
    for (const text of ['a', 'b', 'c']) {
      await page.goto(`${page.url().split('#')[0]}#search=^${text}$&regex=1`);
      const { profile } = select(whole, { view: 'full', symbols: [text] });
      await becomes(
        async () => (await matched(page))?.split(' ')[0],
        percent(weighed(profile), total),
      );
      await page.goto(`${page.url().split('#')[0]}#remove==${text}`);
      const rest = select(whole, { view: 'full', excluded: [text] }).profile;
      await becomes(
        async () => /Shows (\S+) of all/.exec((await steps(page)) ?? '')?.[1],
        percent(weighed(rest), total),
      );
    }
    // Bottom-up, the first level is what a flat profile says of each function itself.
    await page.goto(`${page.url().split('#')[0]}#bottomup=1&order=size`);
    const heaviest = Math.max(...selfWeights(whole));
    await page.locator('.graph').focus();
    await page.keyboard.press('ArrowUp');
    await becomes(async () => (await cost(page))?.includes(percent(heaviest, total)), true);
  });
});

/** The weight spent in each function itself. */
function selfWeights({ samples, stacks, frames }: Profile): number[] {
  const weights = new Map<number, number>();
  for (let sample = 0; sample < samples.length; sample++) {
    const leaf = samples.stack[sample];
    const func = leaf < 0 ? -1 : frames.func[stacks.frame[leaf]];
    weights.set(func, (weights.get(func) ?? 0) + samples.weight[sample]);
  }
  return [...weights.values()];
}

test('a comparison tells both sides, colours by change and changes its widths', (t) => {
  const layout = layoutFlameGraph(SMALL);
  const other = layout.weight.slice();
  const frameOf = (text: string): number =>
    layout.func.findIndex((func) => layout.functions[func].name === text);
  other[frameOf('poll')] = other[frameOf('start_thread')] = 1e6;
  other[0] = 7e6;
  let svg = '';
  drawPicture(
    { ...layout, other, otherTotal: 7e6 },
    { title: 'diff', event: SMALL.events[0], notes: [], sides: ['old', 'new'] },
    (text) => (svg += text),
  );
  return withFlameFile(t, browser(), svg, 'svg', async (page) => {
    await page.mouse.move(...(await placeOf(page, 'poll')));
    const numbers =
      '4.00 ms · 40.00% of all · self 4.00 ms, 40.00% · old 1.00 ms, 14.29% · +3.00 ms, +25.71 points';
    await becomes(() => cost(page), numbers);
    const grown = await page.locator('.graph .f6').getAttribute('d');
    assert.equal(grown?.match(/M/g)?.length, 2); // start_thread and poll: more than double
    await page.keyboard.press('w');
    await page.mouse.move(600, 5);
    await becomes(
      () => cost(page),
      '7.00 ms · 100.00% of all · self 0 · new 10.0 ms, 100.00% · +3.00 ms, ±0.00 points',
    );
    const box = await page.locator('.graph .f6').boundingBox();
    assert.ok(box && box.width > 150 && box.width < 180, `${box?.width} of 1176 pixels are a 7th`);
  });
});

test('a chart keeps the order of time: it can be searched and zoomed, not turned around', (t) => {
  const profile = drawProfile(
    `
    weight:1000000   weight:1000000   weight:1000000
    time:1           time:2           time:3
    main[python]     main[python]     main[python]
    zeta[python]     alpha[python]    zeta[python]
    `,
    { unit: 'ns' },
  );
  return withFlamePage(t, browser(), profile, { chart: true }, async (page) => {
    const order = async (): Promise<string[]> =>
      (await labels(page)).filter((label) => label === 'zeta' || label === 'alpha');
    await becomes(order, ['zeta', 'alpha', 'zeta']);
    for (const text of ['Bottom-up', 'By size']) {
      assert.ok(await page.getByRole('button', { name: text, exact: true }).isDisabled());
    }
    await page.keyboard.press('i');
    await page.keyboard.press('s');
    await becomes(order, ['zeta', 'alpha', 'zeta']);
    assert.ok((await page.locator('.axis text').count()) > 2);
    await clickFrame(page, 'alpha');
    await becomes(order, ['alpha']);
  });
});
