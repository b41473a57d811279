import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { isThereABrowser, openPage, openStore, shownTitles, useBrowser } from './page.ts';

/** Presses a key until the element with the focus matches a selector. More than `most` times would be a trap. */
async function pressUntil(page: Page, key: string, selector: string, most: number): Promise<void> {
  for (let n = 0; n < most; n += 1) {
    await page.keyboard.press(key);
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
  }
  const focus = await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200));
  throw new Error(
    `Expected ${key} to lead to ${selector}, but after ${most} times the focus is on ${focus}.`,
  );
}

const focusedText = (page: Page) =>
  page.evaluate(() => document.activeElement?.querySelector('b')?.textContent);

describe.skipIf(!isThereABrowser)('with the keyboard alone', { timeout: 60_000 }, () => {
  useBrowser();

  test.for([
    ['Linux x86_64', 'Ctrl K', 'Ctrl ↵'],
    ['Win32', 'Ctrl K', 'Ctrl ↵'],
    ['MacIntel', '⌘K', '⌘↵'],
  ] as const)(
    'on %s, %s is said to search and %s to send; Ctrl and ⌘ both do',
    async ([platform, search, send]) => {
      const { url, client } = await openStore();
      await client.sessions.create({ id: 'root', messages: [{ role: 'USER', content: 'Hello' }] });
      const page = await openPage(url);
      await page.addInitScript((value) => {
        Object.defineProperty(navigator, 'platform', { get: () => value });
      }, platform);
      await page.goto(`${url}/explorer/t/root`);
      const text = page.getByRole('textbox', { name: 'Message', exact: true });
      await text.waitFor();
      expect(await page.locator('.search-box kbd').innerText()).toBe(search);
      expect(await page.locator('.composer kbd').innerText()).toBe(send);
      for (const key of ['Control', 'Meta']) {
        await text.fill(`Sent by ${key}`);
        await page.keyboard.press(`${key}+k`);
        await page.locator('.search-box input:focus').waitFor();
        await text.press(`${key}+Enter`);
        await page.getByRole('feed').getByText(`Sent by ${key}`).waitFor();
      }
    },
  );

  test('a person finds a tree, opens it, reads, sends a message and forks', async () => {
    const { url, client } = await openStore();
    for (let n = 0; n < 80; n += 1) await client.sessions.create({ title: `Tree ${n}` });
    await client.sessions.create({
      id: 'root',
      title: 'Wanted',
      messages: ['one', 'two', 'three'].map((content) => ({ role: 'USER', content })),
    });
    await client.sessions.spawn('root', { id: 'child', title: 'Child' });
    await client.sessions.create({ title: 'Last' });
    const page = await openPage(url);
    await page.getByRole('link', { name: /Last/ }).waitFor();
    await pressUntil(page, 'Tab', '.root-row', 12);
    expect(await focusedText(page)).toBe('Last');
    await page.keyboard.press('End');
    await expect.poll(() => focusedText(page)).toBe('Tree 32');
    await page.keyboard.press('Home');
    await expect.poll(() => focusedText(page)).toBe('Last');
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => focusedText(page)).toBe('Wanted');
    // Faster than the page draws.
    for (const key of ['End', 'Home', 'ArrowDown', 'ArrowDown', 'ArrowUp']) await page.keyboard.press(key);
    await expect.poll(() => focusedText(page)).toBe('Wanted');
    await page.keyboard.press('Enter');
    await expect.poll(() => shownTitles(page)).toEqual(['Wanted', 'Child']);
    // Past the other trees in one step.
    await pressUntil(page, 'Tab', '[role=tree]', 4);
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => page.url()).toContain('s=child');
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => page.url()).toContain('s=root');
    await page.getByRole('feed').getByText('three').waitFor();
    // Faster than the page draws.
    for (const key of ['j', 'j', 'k', 'k']) await page.keyboard.press(key);
    await expect.poll(() => page.url()).toContain('m=root%3A0');
    await pressUntil(page, 'Tab', '[role=feed]', 10);
    await pressUntil(page, 'Tab', '[aria-label="Fork here"]', 2);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('1 message of “Wanted”').waitFor();
    // The title is the first of its fields.
    expect(
      await page.getByLabel('Title', { exact: true }).evaluate((it) => it === document.activeElement),
    ).toBe(true);
    await page.keyboard.press('Control+a');
    await page.keyboard.type('Forked');
    await page.keyboard.press('Enter');
    await expect.poll(() => shownTitles(page)).toEqual(['Wanted', 'Child', 'Forked']);
    await expect.poll(() => page.getByRole('feed').locator('.text').allInnerTexts()).toEqual(['one']);
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await pressUntil(page, 'Tab', '.composer textarea', 30);
    await page.keyboard.type('Go on');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('feed').getByText('Go on').waitFor();
  });

  test('a person acts by the menu, which gives the focus back', async () => {
    const { url, client } = await openStore();
    await client.sessions.create({ id: 'root', title: 'Root' });
    const page = await openPage(url, '/explorer/t/root');
    await expect.poll(() => shownTitles(page)).toEqual(['Root']);
    await page.getByRole('tree').focus();
    await pressUntil(page, 'Tab', '[aria-haspopup=menu]', 10);
    await page.keyboard.press('Enter');
    const focused = page.locator(':focus');
    await expect.poll(() => focused.innerText()).toBe('New session beneath…');
    await page.keyboard.press('End');
    await expect.poll(() => focused.innerText()).toContain('Delete…');
    await page.keyboard.press('Escape');
    expect(await focused.getAttribute('aria-haspopup')).toBe('menu');
    await page.keyboard.press('Enter');
    await expect.poll(() => focused.innerText()).toBe('New session beneath…');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await focused.getAttribute('aria-haspopup')).toBe('menu');
  });
});

describe.skipIf(!isThereABrowser)('on a phone', { timeout: 60_000 }, () => {
  useBrowser();

  test('one pane is in sight at a time, and Back leads through them', async () => {
    const { url, client } = await openStore();
    await client.sessions.create({ id: 'root', title: 'Root' });
    await client.sessions.spawn('root', {
      id: 'child',
      title: 'Child',
      messages: [{ role: 'USER', content: 'hello' }],
    });
    const page = await openPage(url, '/explorer/', {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    const inSight = () =>
      page
        .locator('.pane')
        .evaluateAll((panes) =>
          panes.filter((pane) => (pane as HTMLElement).offsetParent !== null).map((pane) => pane.ariaLabel),
        );
    await page.getByRole('link', { name: /Root/ }).tap();
    await page.getByRole('treeitem').nth(1).waitFor();
    expect(await inSight()).toEqual(['Tree']);
    await page.getByRole('treeitem').nth(1).tap();
    await page.getByRole('feed').getByText('hello').waitFor();
    expect(await inSight()).toEqual(['Session']);
    await page.getByRole('button', { name: 'The tree' }).tap();
    await expect.poll(inSight).toEqual(['Tree']);
    await page.getByRole('button', { name: 'All trees' }).tap();
    await expect.poll(inSight).toEqual(['Trees']);
    await page.goBack();
    await expect.poll(inSight).toEqual(['Tree']);
    await page.goBack();
    await expect.poll(inSight).toEqual(['Session']);
    await page.getByRole('link', { name: 'Usage' }).tap();
    await expect.poll(inSight).toEqual(['Usage']);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  });
});
