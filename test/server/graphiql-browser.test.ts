import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startTestServer } from './running.ts';

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

async function openPage(browser: Browser): Promise<{ page: Page; faults: string[]; foreign: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(10_000);
  const faults: string[] = [];
  const foreign: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  // What the content security policy stops is reported here.
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  await page.route(
    () => true,
    (route) => {
      const { protocol, hostname } = new URL(route.request().url());
      if (!protocol.startsWith('http') || hostname === '127.0.0.1') return route.continue();
      foreign.push(route.request().url());
      return route.abort();
    },
  );
  return { page, faults, foreign };
}

test('GraphiQL works in a browser without the internet: its examples run', { timeout: 90_000 }, async ({
  skip,
}) => {
  skip(!existsSync(CHROMIUM), `no browser at ${CHROMIUM}: install Chromium, or name one in CHROMIUM_PATH`);
  const server = await startTestServer();
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
  onTestFinished(() => browser.close());
  const { page, faults, foreign } = await openPage(browser);

  await page.goto(new URL('/', server.url).href);
  expect(page.url()).toBe(server.url);
  const tabs = page.getByRole('tab').locator('button[title]');
  await tabs.nth(7).waitFor();
  expect(await tabs.allTextContents()).toEqual([
    'Create',
    'Send',
    'Spawn',
    'Tree',
    'FlatTree',
    'Fork',
    'Rollup',
    'Search',
  ]);

  const answer = page.locator('.result-window');
  for (const [name, expected] of [
    ['Create', 'CreateSessionPayload'],
    ['Send', 'SendMessagePayload'],
    ['Spawn', 'SpawnSessionPayload'],
    ['Tree', 'Find flights'],
    ['FlatTree', 'totalCount'],
    ['Fork', 'ForkSessionPayload'],
    ['Rollup', 'sessionCount'],
    ['Search', '<<Lisbon>>'],
  ] as const) {
    await tabs.getByText(name, { exact: true }).click();
    // For a moment after a tab is changed, GraphiQL still runs the operation of the one before.
    await vi.waitFor(
      async () => {
        await page.getByRole('button', { name: 'Execute query' }).click();
        await answer.getByText(expected).first().waitFor({ timeout: 1_000 });
      },
      { timeout: 15_000 },
    );
  }
  expect({ faults, foreign }).toEqual({ faults: [], foreign: [] });
});
