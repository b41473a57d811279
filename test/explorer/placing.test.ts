import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { isThereABrowser, openPage, openStore, shownTitles, toast, useBrowser } from './page.ts';

const row = (page: Page, title: string) =>
  page.getByRole('treeitem').filter({ has: page.getByText(title, { exact: true }) });
const dialog = (page: Page) => page.getByRole('dialog');
const submit = (page: Page, verb: string) =>
  dialog(page).getByRole('button', { name: verb, exact: true }).click();
const undo = (page: Page) => page.locator('.toast').getByRole('button', { name: 'Undo' }).click();

/** Root > (A > A1, B), opened at a session by a browser. */
async function openFamily(sessionId: string) {
  const store = await openStore();
  const { client } = store;
  await client.sessions.create({ id: 'root', title: 'Root' });
  await client.sessions.spawn('root', { id: 'a', title: 'A' });
  await client.sessions.spawn('a', { id: 'a1', title: 'A1' });
  await client.sessions.spawn('root', { id: 'b', title: 'B' });
  const page = await openPage(store.url, `/explorer/t/root?s=${sessionId}`);
  await expect.poll(() => shownTitles(page)).toEqual(['Root', 'A', 'A1', 'B']);
  return { ...store, page };
}

describe.skipIf(!isThereABrowser)('in a tree of the explorer, a session', { timeout: 60_000 }, () => {
  useBrowser();

  test('is renamed in its row, in the bar, and not at all after Escape', async () => {
    const { client, page } = await openFamily('a');
    await row(page, 'A').dblclick();
    const field = page.getByLabel('Title', { exact: true });
    await field.fill('Alpha');
    await field.press('Enter');
    await expect.poll(() => shownTitles(page)).toEqual(['Root', 'Alpha', 'A1', 'B']);
    await expect.poll(async () => (await client.sessions.get('a'))!.title).toBe('Alpha');
    await page.getByRole('tree').focus();
    await page.keyboard.press('F2');
    await field.fill('Beta');
    await field.press('Escape');
    await field.waitFor({ state: 'detached' });
    expect(await shownTitles(page)).toEqual(['Root', 'Alpha', 'A1', 'B']);
    // The keys go on in the tree.
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => page.url()).toContain('s=a1');
    await page.getByRole('navigation', { name: 'Above the session' }).locator('b').dblclick();
    await field.fill('');
    await field.press('Enter');
    await expect.poll(async () => (await client.sessions.get('a1'))!.title).toBeNull();
  });

  test('is moved by the key m, back by Undo, and out of the tree', async () => {
    const { client, page } = await openFamily('a1');
    await page.getByRole('tree').focus();
    await page.keyboard.press('m');
    await dialog(page).getByRole('combobox', { name: 'Under' }).fill('b');
    const chosen = dialog(page).getByRole('option', { selected: true });
    await expect.poll(() => chosen.innerText()).toBe('B');
    await page.keyboard.press('Enter');
    await toast(page, 'Moved “A1”').waitFor();
    await expect.poll(() => shownTitles(page)).toEqual(['Root', 'A', 'B', 'A1']);
    expect((await client.sessions.get('a1'))!.parentId).toBe('b');
    await undo(page);
    await expect.poll(() => shownTitles(page)).toEqual(['Root', 'A', 'A1', 'B']);
    await expect.poll(async () => (await client.sessions.get('a1'))!.parentId).toBe('a');
    await page.getByRole('tree').focus();
    await page.keyboard.press('m');
    // Neither itself nor what is beneath it can be its parent.
    const places = dialog(page).getByRole('listbox', { name: 'New parent' }).getByRole('option');
    await expect.poll(() => places.allInnerTexts()).toEqual(['Make it a tree of its own', 'Root', 'B']);
    await places.first().click();
    await submit(page, 'Move');
    await toast(page, '“A1” is a tree of its own').waitFor();
    await expect.poll(() => page.url()).toContain('/explorer/t/a1');
    expect((await client.sessions.get('a1'))!.parentId).toBeNull();
  });

  test('has its dialog opened by a key as soon as another one is closed, also while that one is still at work', async () => {
    const { client, page } = await openFamily('a1');
    await page.getByRole('tree').focus();
    await page.keyboard.press('m');
    const places = dialog(page).getByRole('combobox', { name: 'Under' });
    await places.waitFor();
    // The browser tells of the closing later than that.
    await page.evaluate(() => {
      document.querySelector('dialog')!.close();
      dispatchEvent(new KeyboardEvent('keydown', { key: 'm' }));
    });
    await places.fill('b');
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({ state: 'detached' });
    let answer = () => {};
    const isAnswered = new Promise<void>((resolve) => (answer = resolve));
    await page.route('**/graphql', async (route) => {
      if (route.request().postData()!.includes('forkSession')) await isAnswered;
      await route.continue();
    });
    await page.keyboard.press('F');
    await submit(page, 'Fork');
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({ state: 'detached' });
    await page.keyboard.press('m');
    await places.fill('b');
    answer();
    await expect.poll(async () => (await client.sessions.get('a1'))!.childCount).toBe(1);
    await expect.poll(() => shownTitles(page)).toHaveLength(5);
    expect(await places.inputValue()).toBe('b');
  });

  test('is moved by dragging its row; onto what is beneath it, nothing happens', async () => {
    const { client, page } = await openFamily('root');
    await row(page, 'A').dragTo(row(page, 'A1'));
    await row(page, 'A').dragTo(row(page, 'B'));
    await toast(page, 'Moved “A”').waitFor();
    expect(await page.locator('.toast').count()).toBe(1);
    await expect.poll(() => shownTitles(page)).toEqual(['Root', 'B', 'A']);
    expect((await client.sessions.get('a'))!.parentId).toBe('b');
    // Where nothing is dragged, there is nothing to drop it on.
    const ownTree = page.getByText('Drop it here: a tree of its own');
    expect(await ownTree.count()).toBe(0);
    await row(page, 'A').hover();
    await page.mouse.down();
    await row(page, 'B').hover();
    await ownTree.hover();
    await ownTree.hover({ position: { x: 20, y: 10 } });
    await page.locator('.tree-drop.is-taking').waitFor();
    await page.mouse.up();
    await toast(page, '“A” is a tree of its own').waitFor();
    await expect.poll(() => page.url()).toContain('/explorer/t/a');
    expect((await client.sessions.get('a'))!.parentId).toBeNull();
  });

  test('is archived with all beneath it, takes no messages then, and comes back by Undo or Unarchive', async () => {
    const { client, page } = await openFamily('a');
    const archived = async () =>
      (await Promise.all(['root', 'a', 'a1', 'b'].map((id) => client.sessions.get(id))))
        .filter((session) => session!.archivedAt !== null)
        .map((session) => session!.id);
    await page.getByRole('tree').focus();
    await page.keyboard.press('a');
    await toast(page, 'Archived “A” and 1 session beneath it').waitFor();
    await page.getByText('it takes no messages until it is unarchived').waitFor();
    expect(await page.getByRole('textbox', { name: 'Message', exact: true }).count()).toBe(0);
    expect(await page.locator('.tree-row.is-archived').count()).toBe(2);
    expect(await archived()).toEqual(['a', 'a1']);
    await undo(page);
    await expect.poll(archived).toEqual([]);
    await expect.poll(() => page.locator('.tree-row.is-archived').count()).toBe(0);
    await page.keyboard.press('a');
    await page.getByRole('button', { name: 'Unarchive' }).click();
    await page.getByRole('textbox', { name: 'Message', exact: true }).waitFor();
    await expect.poll(archived).toEqual([]);
  });

  test('is deleted alone, with what is beneath it, or without; how many that is, is said before', async () => {
    const { client, page } = await openFamily('b');
    await page.getByRole('tree').focus();
    await page.keyboard.press('Delete');
    await dialog(page).getByText('1 session would be deleted, for good.').waitFor();
    await submit(page, 'Delete');
    await toast(page, 'Deleted “B”').waitFor();
    await expect.poll(() => shownTitles(page)).toEqual(['Root', 'A', 'A1']);
    // The parent of what is gone is open.
    await expect.poll(() => page.url()).toContain('s=root');
    await row(page, 'A').click();
    await page.getByRole('tree').focus();
    await page.keyboard.press('Delete');
    const only = dialog(page).getByRole('radio', { name: 'Delete it only if nothing is beneath it' });
    await only.waitFor();
    expect(await only.isChecked()).toBe(true);
    expect(await dialog(page).getByRole('button', { name: 'Delete', exact: true }).isDisabled()).toBe(true);
    await dialog(page).getByRole('radio', { name: 'Keep them: they move up to its parent' }).check();
    await dialog(page).getByText('1 session would be deleted, for good; 1 session would move.').waitFor();
    await submit(page, 'Delete');
    await expect.poll(() => shownTitles(page)).toEqual(['Root', 'A1']);
    expect((await client.sessions.get('a1'))!.parentId).toBe('root');
    await row(page, 'Root').click();
    await page.getByRole('tree').focus();
    await page.keyboard.press('Delete');
    await dialog(page).getByRole('radio', { name: 'Keep them: they become trees of their own' }).waitFor();
    await dialog(page).getByRole('radio', { name: 'Delete all that is beneath it, too' }).check();
    await dialog(page).getByText('2 sessions would be deleted, for good.').waitFor();
    expect(await client.sessions.get('a1')).not.toBeNull();
    await submit(page, 'Delete');
    await toast(page, 'Deleted “Root” and 1 session beneath it').waitFor();
    await page.getByText('The store is empty').waitFor();
    expect(await client.sessions.get('a1')).toBeNull();
  });
});
