/** The flame graph's file in a browser, and what a person sees of it. For tests. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, before, type TestContext } from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import type { Page } from 'playwright-core';

import type { Profile } from '../profile/profile.js';
import { renderFlameGraph, type FlameGraphOptions } from '../render/flamegraph/flamegraph.js';
import { skipWithoutBrowser, startBrowser, type TestBrowser } from './browser.js';

/** One browser for all tests of a file. */
export function sharedBrowser(): () => TestBrowser | undefined {
  let browser: TestBrowser | undefined;
  before(async () => {
    browser = await startBrowser();
  });
  after(() => browser?.close());
  return () => browser;
}

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
  if (browser === undefined) return skipWithoutBrowser(t);
  const path = join(browser.folder, `graph.${format}`);
  writeFileSync(path, text);
  const page = await browser.context.newPage();
  page.setDefaultTimeout(5000);
  const errors: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => errors.push(message.text()));
  page.on('request', (request) => requests.push(request.url()));
  page.on('dialog', (dialog) => {
    errors.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  const url = pathToFileURL(path).href;
  await page.goto(url);
  await page.waitForSelector('.graph path');
  await body(page);
  const unexpected = errors.filter((error) => !expected.some((pattern) => pattern.test(error)));
  assert.deepEqual(unexpected, []);
  assert.deepEqual([...new Set(requests)], [url]);
  await page.close();
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

/** What is read, once it is as expected: the page acts on the events of its address, a little later. */
export async function becomes<T>(read: () => Promise<T>, expected: T): Promise<void> {
  const end = Date.now() + 5000;
  while (Date.now() < end && !isDeepStrictEqual(await read(), expected)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.deepEqual(await read(), expected);
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
