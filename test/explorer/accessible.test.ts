import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { isThereABrowser, openPage, openStore, useBrowser } from './page.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds against the page, in a word each. */
async function violations(page: Page): Promise<string[]> {
  // As a content script: the page's own policy lets no foreign script in.
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: AXE });
  const { result } = await session.send('Runtime.evaluate', {
    expression: `(${findViolations})()`,
    awaitPromise: true,
    returnByValue: true,
  });
  return result.value;
}

/** Runs in the browser. */
async function findViolations() {
  interface Axe {
    run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
  }
  const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run();
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
  );
}

describe.skipIf(!isThereABrowser)('the explorer', { timeout: 90_000 }, () => {
  useBrowser();

  test.each(['light', 'dark'] as const)('has no fault that axe knows, %s', async (colorScheme) => {
    const { url, client } = await openStore();
    await client.sessions.create({
      id: 'root',
      title: 'Root',
      agentName: 'planner',
      project: 'p',
      messages: [
        {
          role: 'USER',
          content: '# Do it\n\n- [ ] one\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[link](https://example.org)',
        },
        {
          role: 'ASSISTANT',
          content: '`done`',
          reasoning: 'easy',
          toolCalls: [{ toolCallId: 'c', name: 'bash', arguments: { command: 'ls' } }],
          usage: { inputTokens: 5, outputTokens: 5, costUsd: 1 },
        },
        { role: 'TOOL', toolCallId: 'c', content: 'no', isError: true },
        { role: 'EVENT', kind: 'abort' },
      ],
    });
    for (const status of ['RUNNING', 'WAITING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const)
      await client.sessions.spawn('root', { title: status, status, agentName: 'coder' });
    for (const [path, shown] of [
      ['/explorer/', 'Choose a tree'],
      ['/explorer/t/root', 'done'],
      ['/explorer/t/root?view=timeline', 'done'],
      ['/explorer/search?q=done', '1 message'],
      ['/explorer/t/none', 'There is no such session'],
    ] as const) {
      const page = await openPage(url, path, { colorScheme });
      await page.getByText(shown, { exact: true }).first().waitFor();
      expect(await violations(page), path).toEqual([]);
    }
    const page = await openPage(url, '/explorer/t/root', { colorScheme });
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByRole('button', { name: 'Keys' }).click();
    await page.getByRole('dialog').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });
});
