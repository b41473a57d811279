import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { onTestFinished } from 'vitest';

/** Where Debian puts Chromium, unless the environment names another. */
export const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
/** Arguments of a browser that asks for nothing by itself. */
export const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A real browser, closed after the test. The test is skipped if there is none. */
export async function openBrowser(skip: (condition: boolean, note: string) => void): Promise<Browser> {
  skip(!existsSync(CHROMIUM), `no browser at ${CHROMIUM}: install Chromium, or name one in CHROMIUM_PATH`);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
  onTestFinished(() => browser.close());
  return browser;
}
