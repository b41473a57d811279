import { expect, onTestFinished, test, vi } from 'vitest';
import { startServer } from '../../src/server/http.ts';
import { openBrowser } from './browser.ts';
import { testConfig } from './running.ts';
import { createTestLogger } from './support.ts';

test('on a second visit to GraphiQL a browser asks for nothing but the page, which is small', {
  timeout: 180_000,
}, async ({ skip }) => {
  const { logger, lines } = createTestLogger();
  const server = await startServer(await testConfig(), { logger });
  onTestFinished(() => server.stop());
  const browser = await openBrowser(skip);
  const context = await browser.newContext();

  /** The GET requests until the page has run an operation. */
  async function visit(): Promise<string[]> {
    const before = lines.length;
    const page = await context.newPage();
    await page.goto(server.url);
    await page.getByRole('tab').locator('button[title]').getByText('Create', { exact: true }).click();
    // For a moment after a tab is changed, GraphiQL still runs the operation of the one before.
    await vi.waitFor(
      async () => {
        await page.getByRole('button', { name: 'Execute query' }).click();
        await page.locator('.result-window').getByText('createSession').first().waitFor({ timeout: 2_000 });
      },
      { timeout: 60_000 },
    );
    await page.close();
    return lines
      .slice(before)
      .filter(({ method }) => method === 'GET')
      .map(({ path }) => String(path).replace(/[0-9a-f]{16}/, '*'))
      .sort();
  }

  expect(await visit()).toEqual([
    '/graphql',
    '/graphql/assets/graphiql.*.css',
    '/graphql/assets/graphiql.*.js',
  ]);
  expect(await visit()).toEqual(['/graphql']);
});
