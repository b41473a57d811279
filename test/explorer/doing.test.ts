import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { isThereABrowser, openPage, openStore, shownTitles, toast, useBrowser } from './page.ts';

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const field = (page: Page, name: string) => page.getByRole('dialog').getByLabel(name, { exact: true });
const composer = (page: Page) => page.getByRole('textbox', { name: 'Message', exact: true });
const choose = async (page: Page, action: string) => {
  await button(page, 'Actions of the session').click();
  await page.getByRole('menuitem', { name: action }).click();
};
const submit = (page: Page, verb: string) =>
  page.getByRole('dialog').getByRole('button', { name: verb, exact: true }).click();

/** "Root", in which three messages were said, opened by a browser. */
async function openRoot() {
  const store = await openStore();
  await store.client.sessions.create({
    id: 'root',
    title: 'Root',
    messages: ['one', 'two', 'three'].map((content) => ({ role: 'USER', content })),
  });
  const page = await openPage(store.url, '/explorer/t/root');
  await page.getByRole('feed').getByText('three').waitFor();
  return { ...store, page };
}

describe.skipIf(!isThereABrowser)('in the explorer, a person', { timeout: 60_000 }, () => {
  useBrowser();

  test('creates a tree, and sessions beneath it', async () => {
    const { url, client } = await openStore();
    const page = await openPage(url);
    await button(page, 'New tree').click();
    await field(page, 'Title').fill('Plan a trip');
    await field(page, 'Agent').fill('planner');
    await field(page, 'Project').fill('travel');
    await field(page, 'First message').fill('Where to in May?');
    await submit(page, 'Create');
    await page.getByRole('feed').getByText('Where to in May?').waitFor();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await choose(page, 'New session beneath…');
    await field(page, 'Title').fill('Find flights');
    await submit(page, 'Create');
    await expect.poll(() => shownTitles(page)).toEqual(['Plan a trip', 'Find flights']);
    const [child] = await client.sessions.list({ filter: { title: 'flights' } }).toArray();
    const root = await client.sessions.get(child!.parentId!);
    expect(root).toMatchObject({ title: 'Plan a trip', agentName: 'planner', messageCount: 1 });
    // Of the parent.
    expect(child).toMatchObject({ project: 'travel', agentName: null });
    // The tree may be told of the child before the answer is there, with which the child is opened.
    await expect.poll(() => page.url()).toContain(`s=${child!.id}`);
  });

  test('sends a message by the button and by Ctrl+Enter; what is typed outlasts a look elsewhere', async () => {
    const { client, page } = await openRoot();
    const send = button(page, 'Send');
    expect(await send.isDisabled()).toBe(true);
    await composer(page).fill('four');
    await send.click();
    await page.getByRole('feed').getByText('four', { exact: true }).waitFor();
    await expect.poll(() => composer(page).inputValue()).toBe('');
    await composer(page).fill('five\nand more');
    await button(page, 'Details').click();
    await page.getByRole('region', { name: 'Details' }).waitFor();
    await button(page, 'Transcript').click();
    await composer(page).press('Control+Enter');
    await page.getByRole('feed').getByText('and more').waitFor();
    const messages = await client.history.list('root').toArray();
    expect(messages.slice(3).map(({ role, content }) => [role, content])).toEqual([
      ['USER', 'four'],
      ['USER', 'five\nand more'],
    ]);
  });

  test('sees what was sent, however far up the transcript was', async () => {
    const { client, page } = await openRoot();
    const messages = Array.from({ length: 60 }, (_, n) => ({ role: 'USER' as const, content: `More ${n}` }));
    await client.history.append('root', messages);
    await page.getByRole('feed').getByText('More 59').waitFor();
    await page.locator('.scrubber').fill('2');
    await page.getByRole('feed').getByText('More 0', { exact: true }).waitFor();
    await composer(page).fill('the last word');
    await button(page, 'Send').click();
    await page.getByRole('feed').getByText('the last word').waitFor();
    await button(page, 'Following').waitFor();
    expect(await page.locator('.new-pill').count()).toBe(0);
  });

  test('forks at a message, beneath the original or as a tree of its own', async () => {
    const { client, page } = await openRoot();
    const fork = page.getByRole('toolbar', { name: 'Actions at message 1' }).getByLabel('Fork here');
    await fork.click();
    await page.getByText('2 messages of “Root”').waitFor();
    await field(page, 'Title').fill('Another way');
    await submit(page, 'Fork');
    await expect.poll(() => shownTitles(page)).toEqual(['Root', 'Another way']);
    await expect.poll(() => page.getByRole('feed').locator('.text').allInnerTexts()).toEqual(['one', 'two']);
    await page.getByRole('treeitem').getByText('fork at 2').waitFor();
    await page.goBack();
    await page.getByRole('feed').getByText('three').waitFor();
    await fork.click();
    await field(page, 'Title').fill('On its own');
    await page.getByRole('radio', { name: 'As a tree of its own' }).check();
    await submit(page, 'Fork');
    await expect.poll(() => shownTitles(page)).toEqual(['On its own']);
    const forks = await client.sessions.list({ filter: { title: 'own' } }).toArray();
    expect(forks).toMatchObject([{ parentId: null, historyLength: 2, forkedFrom: { messageId: 'root:1' } }]);
  });

  test('rolls back, and is told before how much would go', async () => {
    const { client, page } = await openRoot();
    const at = (n: number) =>
      page.getByRole('toolbar', { name: `Actions at message ${n}` }).getByLabel('Roll back here');
    // There is nothing after the last one.
    expect(await at(2).count()).toBe(0);
    await at(0).click();
    await page.getByText('2 messages of “Root” would be dropped: #1 to #2.').waitFor();
    expect((await client.sessions.get('root'))!.historyLength).toBe(3);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await at(0).click();
    await submit(page, 'Roll back');
    await toast(page, 'Rolled back to #0: 2 messages dropped').waitFor();
    await expect.poll(() => page.getByRole('feed').locator('.text').allInnerTexts()).toEqual(['one']);
    expect((await client.sessions.get('root'))!.historyLength).toBe(1);
  });

  test('drops no more than was said: a message that came meanwhile is counted first', async () => {
    const { client, page } = await openRoot();
    await page.getByRole('toolbar', { name: 'Actions at message 1' }).getByLabel('Roll back here').click();
    await page.getByText('1 message of “Root” would be dropped: #2.').waitFor();
    await client.history.append('root', [{ role: 'USER', content: 'four' }]);
    await submit(page, 'Roll back');
    await expect.poll(() => page.getByRole('dialog').getByRole('alert').innerText()).toMatch(/version/);
    await page.getByText('2 messages of “Root” would be dropped: #2 to #3.').waitFor();
    expect((await client.sessions.get('root'))!.historyLength).toBe(4);
    await submit(page, 'Roll back');
    await toast(page, 'Rolled back to #1: 2 messages dropped').waitFor();
  });

  test('reads the words of the server where it refuses, and loses nothing that was typed', async () => {
    const { client, page } = await openRoot();
    // Too long for the server.
    await choose(page, 'Rename');
    await page.getByLabel('Title', { exact: true }).fill('x'.repeat(20_000));
    await page.keyboard.press('Enter');
    await page.getByRole('alert').locator('.toast', { hasText: 'title' }).waitFor();
    // The title that was shown at once is taken back.
    await expect.poll(() => shownTitles(page)).toEqual(['Root']);
    await choose(page, 'New session beneath…');
    await field(page, 'Agent').fill('y'.repeat(20_000));
    await submit(page, 'Create');
    await expect.poll(() => page.getByRole('dialog').getByRole('alert').innerText()).toMatch(/agentName/);
    expect(await field(page, 'Agent').inputValue()).toHaveLength(20_000);
    await submit(page, 'Cancel');
    await composer(page).fill('z'.repeat(1_100_000));
    await button(page, 'Send').click();
    await expect.poll(() => page.locator('.composer').getByRole('alert').innerText()).toMatch(/content/);
    expect((await composer(page).inputValue()).length).toBe(1_100_000);
    expect(await client.sessions.get('root')).toMatchObject({
      title: 'Root',
      childCount: 0,
      historyLength: 3,
    });
  });
});
