/**
 * A real browser for tests: Chromium from PATH, driven over its own protocol. Nothing is downloaded.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';

import { chromium, type BrowserContext } from 'playwright-core';

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
