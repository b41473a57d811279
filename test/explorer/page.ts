import { existsSync } from 'node:fs';
import { Sessiontree } from '@sessiontree/client';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import type { Limits } from '../../src/model/limits.ts';
import type { AuthConfig } from '../../src/server/auth/auth-config.ts';
import { startServer } from '../../src/server/http.ts';
import { CHROMIUM, QUIET } from '../server/browser.ts';
import { testConfig } from '../server/running.ts';
import { createTestLogger } from '../server/support.ts';

let browser: Browser | undefined;

/** One browser for the tests of a file. Where there is none, they are skipped. */
export const isThereABrowser = existsSync(CHROMIUM);

export function useBrowser(): void {
  beforeAll(async () => {
    if (isThereABrowser) browser = await chromium.launch({ executablePath: CHROMIUM, args: [...QUIET] });
  });
  afterAll(() => browser?.close());
}

export interface Explorer {
  readonly url: string;
  readonly client: Sessiontree;
}

export interface StoreOptions {
  /** One of its own by default. */
  readonly dataDirectory?: string;
  readonly limits?: Partial<Limits>;
  /** Nobody is asked who they are by default. */
  readonly auth?: AuthConfig;
}

/** A server with the explorer, until `stop` is called. */
export async function serveStore({
  limits,
  ...options
}: StoreOptions = {}): Promise<Explorer & { stop(): Promise<void> }> {
  const { logger } = createTestLogger();
  const config = await testConfig(options);
  const server = await startServer({ ...config, limits: { ...config.limits, ...limits } }, { logger });
  return {
    url: new URL(server.url).origin,
    client: new Sessiontree(server.url),
    stop: () => server.stop(),
  };
}

/** A server with the explorer, on an empty store by default, until the end of the test. */
export async function openStore(options: StoreOptions = {}): Promise<Explorer> {
  const { stop, ...explorer } = await serveStore(options);
  onTestFinished(stop);
  return explorer;
}

/**
 * Opens a path of the explorer. The test fails if the page breaks its content security policy, throws, or asks another server for
 * anything.
 */
export async function openPage(
  url: string,
  path = '/explorer/',
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser!.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const faults: string[] = [];
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    // What a server that is away or asks for a token leaves in the console is no fault of the page.
    if (message.type() === 'error' && !/net::ERR_|WebSocket|status of 401/.test(message.text()))
      faults.push(message.text());
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin && !request.url().startsWith('ws'))
      faults.push(`asked for ${request.url()}`);
  });
  onTestFinished(async () => {
    await context.close();
    expect(faults).toEqual([]);
  });
  await page.goto(url + path);
  return page;
}

/** The titles of the rows of the tree, from top to bottom. */
export function shownTitles(page: Page): Promise<string[]> {
  return page.getByRole('treeitem').locator('.tree-name > .cut:not(em)').allInnerTexts();
}

/** What the page says of something that was done. */
export function toast(page: Page, text: string) {
  return page.locator('.toast', { hasText: text });
}
