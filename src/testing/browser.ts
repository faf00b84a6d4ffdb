/**
 * A real browser for tests: Chromium from PATH, driven over its own protocol. Nothing is downloaded.
 */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

import { chromium, type BrowserContext, type Page } from 'playwright-core';

import { skipOrFail } from './pythons.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The path of a Chromium on PATH. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
}

export interface TestBrowser {
  readonly context: BrowserContext;
  /** A folder for the pages to open; gone after {@link TestBrowser.close}. */
  readonly folder: string;
  close(): Promise<void>;
}

/** Starts a browser with a fresh profile; `undefined` where there is none. */
export async function startBrowser(): Promise<TestBrowser | undefined> {
  const executablePath = findChromium();
  if (executablePath === undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'strata-browser-'));
  const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath,
    args: ARGUMENTS,
    viewport: { width: 1200, height: 700 },
  });
  return {
    context,
    folder,
    close: async () => {
      await context.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Skips a test that has no browser; in CI, where there must be one, fails it. */
export function skipWithoutBrowser(t: TestContext): void {
  skipOrFail(t, 'chromium', 'not on PATH');
}

/** One browser for all tests of a file. */
export function sharedBrowser(): () => TestBrowser | undefined {
  let browser: TestBrowser | undefined;
  before(async () => {
    browser = await startBrowser();
  });
  after(() => browser?.close());
  return () => browser;
}

/** How long a page is waited for: the machine may be busy. */
const PATIENCE_MS = 30_000;

/** A file that a page is opened from. */
export interface PageFile {
  readonly name: string;
  readonly text: string;
  /** What is there once its script has run: a selector. */
  readonly ready: string;
}

/**
 * Opens a file in a page of its own; fails on any error that its script throws, and on anything that it loads.
 *
 * @param expected what the console may say
 */
export async function withPageFile(
  t: TestContext,
  browser: TestBrowser | undefined,
  { name, text, ready }: PageFile,
  body: (page: Page) => Promise<void>,
  expected: readonly RegExp[] = [],
): Promise<void> {
  if (browser === undefined) return skipWithoutBrowser(t);
  const path = join(browser.folder, name);
  writeFileSync(path, text);
  const page = await browser.context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
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
  await page.waitForSelector(ready);
  await body(page);
  const unexpected = errors.filter((error) => !expected.some((pattern) => pattern.test(error)));
  assert.deepEqual(unexpected, []);
  assert.deepEqual([...new Set(requests)], [url]);
  await page.close();
}

/** What is read, once it is as expected: a page acts on events and draws a little later. */
export async function becomes<T>(read: () => Promise<T>, expected: T): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end && !isDeepStrictEqual(await read(), expected)) await sleep(10);
  assert.deepEqual(await read(), expected);
}
