import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { type Explorer, isThereABrowser, openPage, openStore, useBrowser } from './page.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const WIDE = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };

/** What axe-core finds against the page, in a word each: on a wide window and on a phone, light and dark. */
async function violations(page: Page): Promise<string[]> {
  // As a content script: the page's own policy lets no foreign script in.
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: AXE });
  const found: string[] = [];
  for (const size of [WIDE, PHONE]) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.evaluate((theme) => (document.documentElement.dataset.theme = theme), colorScheme);
      // Of all rules, one is about colours.
      const rules = colorScheme === 'dark' ? ['color-contrast'] : null;
      const { result } = await session.send('Runtime.evaluate', {
        expression: `(${findViolations})(${JSON.stringify(rules)})`,
        awaitPromise: true,
        returnByValue: true,
      });
      for (const violation of result.value) found.push(`${size.width} px, ${colorScheme}: ${violation}`);
    }
  }
  await session.detach();
  await page.setViewportSize(WIDE);
  return found;
}

/** Runs in the browser. */
async function findViolations(rules: string[] | null) {
  interface Axe {
    run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
  }
  const { axe } = globalThis as unknown as { axe: Axe };
  const { violations } = await axe.run(rules ? { runOnly: rules } : {});
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
  );
}

/** A tree with all that a transcript can have, a session of each status, and a fork. */
async function openVaried(): Promise<Explorer> {
  const store = await openStore();
  const { client } = store;
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
  await client.sessions.fork('root', { id: 'fork', title: 'Fork', throughMessageId: 'root:1' });
  await client.history.append('fork', [{ role: 'USER', content: 'Another way' }]);
  await client.sessions.spawn('root', { id: 'away', title: 'Put away' });
  await client.sessions.archive('away');
  return store;
}

describe.skipIf(!isThereABrowser)('the explorer has no fault that axe knows', { timeout: 90_000 }, () => {
  useBrowser();

  test('in its views', async () => {
    const { url } = await openVaried();
    const page = await openPage(url);
    for (const [path, shown] of [
      ['/explorer/', 'Choose a tree'],
      ['/explorer/t/root', 'done'],
      ['/explorer/t/root?s=root', 'done'],
      ['/explorer/t/root?view=timeline', 'done'],
      ['/explorer/t/root?s=root&pane=details', 'Usage by model'],
      ['/explorer/t/root?s=away', 'Unarchive'],
      ['/explorer/compare/root/fork', 'Another way'],
      ['/explorer/usage', 'responses'],
      ['/explorer/usage?by=model', 'responses'],
      ['/explorer/search?q=done', '1 message'],
      ['/explorer/t/none', 'There is no such session'],
    ] as const) {
      await page.goto(url + path);
      await page.getByText(shown, { exact: true }).first().waitFor();
      expect(await violations(page), path).toEqual([]);
    }
  });

  test('in its dialogs and its menu', async () => {
    const { url } = await openVaried();
    const page = await openPage(url, '/explorer/t/root?s=fork');
    await page.getByRole('feed').getByText('Another way').waitFor();
    await page.getByRole('button', { name: 'Filter' }).click();
    const button = (name: string) => page.getByRole('button', { name, exact: true });
    const menu = page.getByRole('menu');
    const deleteRoot = async () => {
      await page.getByRole('treeitem').first().click();
      await page.keyboard.press('Delete');
    };
    for (const [open, shown] of [
      [() => button('Keys').click(), 'Esc'],
      [() => button('New tree').click(), 'First message'],
      [() => button('Fork').click(), 'Beneath the original'],
      [() => page.getByLabel('Roll back here').first().click(), /would be dropped/],
      [() => page.keyboard.press('m'), 'Make it a tree of its own'],
      [() => deleteRoot(), 'Delete all that is beneath it, too'],
    ] as const) {
      await open();
      const dialog = page.getByRole('dialog');
      await dialog.getByText(shown, { exact: true }).waitFor();
      expect(await violations(page), String(shown)).toEqual([]);
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
    }
    await button('Actions of the session').click();
    await menu.waitFor();
    expect(await violations(page), 'menu').toEqual([]);
    await menu.getByRole('menuitem', { name: 'Archive' }).click();
    await page.locator('.toast', { hasText: 'Archived' }).waitFor();
    expect(await violations(page), 'toast').toEqual([]);
  });

  test('where it asks for a token', async () => {
    const { url } = await openStore({ auth: { kind: 'token' } });
    const page = await openPage(url);
    await page.getByRole('dialog', { name: 'Sign in' }).waitFor();
    expect(await violations(page)).toEqual([]);
  });
});
