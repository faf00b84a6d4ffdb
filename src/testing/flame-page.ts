/** The flame graph's file in a browser, and what a person sees of it. For tests. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';

import type { Page } from 'playwright-core';

import type { Profile } from '../profile/profile.js';
import { renderFlameGraph, type FlameGraphOptions } from '../render/flamegraph/flamegraph.js';
import { withPageFile, type TestBrowser } from './browser.js';
import { drawProfile } from './drawn.js';

/** A small profile of 10 ms. */
export const SMALL = drawProfile(
  `
  weight:3000000    weight:1000000   weight:2000000      weight:4000000
  main[python]      main[python]     main[python]        start_thread[libc.so.6]
  parse[python]     load[python]     parse[python]       poll[kernel]
  -                 read[kernel]     parse[python]
  `,
  { unit: 'ns' },
);
/** Its {@link labels}. */
export const SMALL_LABELS = [
  'read',
  'parse',
  'load',
  'parse',
  'poll',
  'main',
  'start_thread',
  'all',
];

/**
 * Opens a picture in a page of its own; fails on any error that its script throws.
 *
 * @param expected what the console may say
 */
export async function withFlamePage(
  t: TestContext,
  browser: TestBrowser | undefined,
  profile: Profile,
  options: Partial<FlameGraphOptions>,
  body: (page: Page) => Promise<void>,
  expected: readonly RegExp[] = [],
): Promise<void> {
  let text = '';
  renderFlameGraph(profile, { title: 'app', ...options }, (piece) => (text += piece));
  await withFlameFile(t, browser, text, options.format ?? 'svg', body, expected);
}

/** The same of a file that is drawn already. */
export async function withFlameFile(
  t: TestContext,
  browser: TestBrowser | undefined,
  text: string,
  format: 'svg' | 'html',
  body: (page: Page) => Promise<void>,
  expected: readonly RegExp[] = [],
): Promise<void> {
  const file = { name: `graph.${format}`, text, ready: '.graph path' };
  await withPageFile(t, browser, file, body, expected);
}

/** The labels drawn, from the top, left to right. */
export async function labels(page: Page): Promise<string[]> {
  const found = await page.evaluate<{ text: string; x: number; y: number }[]>(
    `[...document.querySelectorAll('.graph text')].map((text) => ({
      text: text.textContent,
      x: Number(text.getAttribute('x')),
      y: Number(text.getAttribute('y')),
    }))`,
  );
  return found.sort((a, b) => a.y - b.y || a.x - b.x).map(({ text }) => text);
}

/** A place in the frame that carries a label: `nth` of them in drawing order. */
export async function placeOf(page: Page, label: string, nth = 0): Promise<[number, number]> {
  const text = page.locator('.graph text').filter({ hasText: new RegExp(`^${label}`) });
  const box = await text.nth(nth).boundingBox();
  assert.ok(box, `no frame ${label}`);
  return [box.x + 2, box.y + box.height / 2];
}

export async function clickFrame(page: Page, label: string, nth = 0): Promise<void> {
  await page.mouse.click(...(await placeOf(page, label, nth)));
}

export const cost = (page: Page): Promise<string | null> => page.locator('.cost').textContent();
export const name = (page: Page): Promise<string | null> => page.locator('.name .of').textContent();
export const matched = (page: Page): Promise<string | null> =>
  page.locator('.matched').textContent();
