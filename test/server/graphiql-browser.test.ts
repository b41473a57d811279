import type { Browser, Page } from 'playwright-core';
import { expect, test, vi } from 'vitest';
import { openBrowser } from './browser.ts';
import { startTestServer } from './running.ts';

interface Viewport {
  readonly width: number;
  readonly height: number;
}

const WIDE: Viewport = { width: 1280, height: 800 };
const NARROW: Viewport = { width: 390, height: 844 };

async function openPage(
  browser: Browser,
  viewport: Viewport,
): Promise<{ page: Page; faults: string[]; foreign: string[] }> {
  const page = await browser.newPage({ viewport });
  page.setDefaultTimeout(30_000);
  const faults: string[] = [];
  const foreign: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  // Violations of the content security policy are reported here.
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

/** Whether the editor shows the whole last line of the query, and the whole longest line. */
function linesInView(page: Page) {
  return page.locator('.graphiql-query-editor').evaluate((pane) => {
    const view = pane.querySelector('.monaco-editor')!.getBoundingClientRect();
    const lines = [...pane.querySelectorAll('.view-line')];
    const byPlace = lines.toSorted((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top);
    const last = byPlace.at(-1)!;
    const rights = lines.map((line) => line.firstElementChild!.getBoundingClientRect().right);
    return {
      last: last.textContent,
      isInView: last.getBoundingClientRect().bottom <= view.bottom,
      isWhole: Math.max(...rights) <= view.right,
    };
  });
}

const TABS = [
  ['Create', '"version": 1'],
  ['Send', '"trip:0"'],
  ['Spawn', '"flights"'],
  ['Tree', 'Find flights'],
  ['FlatTree', 'totalCount'],
  ['Fork', '"trip-b"'],
  ['Rollup', 'sessionCount'],
  ['Search', '<<Lisbon>>'],
  ['Turn', '"isNew": true'],
  ['Watch', '"isUpToDate": true'],
] as const;

test('GraphiQL works in a browser without the internet: its examples can be read, and run', {
  timeout: 240_000,
}, async ({ skip }) => {
  const browser = await openBrowser(skip);
  const server = await startTestServer();
  const { page, faults, foreign } = await openPage(browser, WIDE);

  await page.goto(server.url);
  const tabs = page.getByRole('tab').locator('button[title]');
  await tabs.nth(TABS.length - 1).waitFor();
  expect(await tabs.allTextContents()).toEqual(TABS.map(([name]) => name));
  expect(await page.title()).toBe('Sessiontree');
  expect((await page.locator('.graphiql-logo').textContent())!.trim()).toBe('Sessiontree');

  const answer = page.locator('.result-window');
  for (const [name, expected] of TABS) {
    await tabs.getByText(name, { exact: true }).click();
    // For a moment after a tab is changed, GraphiQL still runs the operation of the one before. A subscription cannot be run again: it goes on.
    const timeout = name === 'Watch' ? 15_000 : 2_000;
    await vi.waitFor(
      async () => {
        await page.getByRole('button', { name: 'Execute query' }).click();
        await answer.getByText(expected).first().waitFor({ timeout });
      },
      { timeout: 60_000 },
    );
    await vi.waitFor(
      async () => expect(await linesInView(page), name).toEqual({ last: '}', isInView: true, isWhole: true }),
      { timeout: 30_000 },
    );
  }

  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  await page.locator('.graphiql-doc-explorer').getByText('trees of agent sessions').waitFor();
  await page.reload();
  await page.locator('.graphiql-query-editor .view-line').getByText('subscription').first().waitFor();
  expect(await tabs.allTextContents()).toEqual(TABS.map(([name]) => name));
  expect({ faults, foreign }).toEqual({ faults: [], foreign: [] });
});

test('in a narrow window the answer stands below the query, and the last line can be reached', {
  timeout: 120_000,
}, async ({ skip }) => {
  const browser = await openBrowser(skip);
  const server = await startTestServer();
  const { page } = await openPage(browser, NARROW);

  await page.goto(server.url);
  const editor = page.locator('.graphiql-query-editor .monaco-editor').first();
  await editor.locator('.view-line').first().waitFor();
  const query = (await page.locator('.graphiql-editors').boundingBox())!;
  const answer = (await page.locator('.graphiql-response').boundingBox())!;
  expect(answer.y).toBeGreaterThanOrEqual(query.y + query.height);
  expect(answer.width).toBeGreaterThan(250);

  await vi.waitFor(
    async () => {
      await editor.hover();
      await page.mouse.wheel(0, 5_000);
      expect(await linesInView(page)).toMatchObject({ last: '}', isInView: true });
    },
    { timeout: 30_000 },
  );
});
