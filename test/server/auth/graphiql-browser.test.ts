import { expect, test } from 'vitest';
import { openBrowser } from '../browser.ts';
import { until } from '../live/support.ts';
import { bearer, HTTP_WAYS, openAuthServer } from './support.ts';

test('GraphiQL asks for a token, once for all requests, and keeps it for the tab', {
  timeout: 120_000,
}, async ({ skip }) => {
  const browser = await openBrowser(skip);
  const { url, tokens } = await openAuthServer();
  const { id, token } = await tokens.mint({ userId: 'ada', scope: 'admin' });
  const page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));

  await page.goto(url);
  const input = page.getByLabel('The server asks for a token');
  await input.fill('wrong');
  await input.press('Enter');
  // The wrong one is refused, and asked for again.
  await expect.poll(() => input.inputValue()).toBe('');
  await input.fill(token);
  await page.getByRole('button', { name: 'Enter', exact: true }).click();
  const run = page.getByRole('button', { name: 'Execute query (Ctrl-Enter)' });
  await run.click();
  const result = page.locator('.result-window');
  await expect.poll(() => result.textContent()).toContain('"trip"');
  expect(await page.evaluate(() => ({ ...sessionStorage }))).toMatchObject({ 'sessiontree.token': token });
  expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain(token);

  const read = page.waitForResponse((answer) => answer.url() === url && answer.request().method() === 'POST');
  await page.reload();
  expect((await read).status()).toBe(200);
  expect(await page.locator('dialog').count()).toBe(0);

  await tokens.revoke(id);
  await until(async () => (await HTTP_WAYS.POST!(url, bearer(token))).status === 401, 'a refusal');
  await page.reload();
  await input.waitFor();
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  expect(faults).toEqual([]);
});
