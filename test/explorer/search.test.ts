import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { isThereABrowser, openPage, openStore, useBrowser } from './page.ts';

const said = (...contents: string[]) => contents.map((content) => ({ role: 'USER' as const, content }));
const box = (page: Page) => page.getByRole('searchbox');
const found = (page: Page) => page.getByRole('region', { name: 'What was found' }).locator('.hit b');
const search = async (page: Page, words: string) => {
  await page.keyboard.press('Control+k');
  await page.keyboard.type(words);
  await page.keyboard.press('Enter');
};

/** "Trip > Flights", in both of which Lisbon is spoken of, and "Lisbon", a tree of its own. */
async function openTrees() {
  const store = await openStore();
  const { client } = store;
  const talk = Array.from({ length: 80 }, (_, n) => `Message ${n}`);
  await client.sessions.create({ id: 'trip', title: 'Trip', messages: said('To Lisbon in May', ...talk) });
  await client.sessions.spawn('trip', { id: 'flights', title: 'Flights', messages: said('Find lisbon') });
  await client.sessions.create({ id: 'other', title: 'About Lisbon', messages: said('lisbon lisbon') });
  return store;
}

describe.skipIf(!isThereABrowser)('the search', { timeout: 60_000 }, () => {
  useBrowser();

  test('finds sessions and messages from wherever the person is, and opens a message where it stands', async () => {
    const { url } = await openTrees();
    const page = await openPage(url, '/explorer/compare/trip/other');
    await page.getByText('Nothing in common').waitFor();
    await search(page, 'lisbon');
    await expect.poll(() => found(page).allInnerTexts()).toHaveLength(4);
    expect(await found(page).first().innerText()).toBe('About Lisbon');
    expect(page.url()).toBe(`${url}/explorer/search?q=lisbon`);
    expect(await page.title()).toBe('lisbon · Sessiontree');
    await page.getByRole('link', { name: /To Lisbon in May/ }).click();
    await page.locator('.is-target').getByText('To Lisbon in May').waitFor();
    expect(page.url()).toBe(`${url}/explorer/t/trip?s=trip&m=trip%3A0`);
    await page.goBack();
    await expect.poll(() => found(page).allInnerTexts()).toHaveLength(4);
    expect(await box(page).inputValue()).toBe('lisbon');
    await search(page, 'porto');
    await page.getByText('Nothing has all of these words').waitFor();
    await page.getByRole('link', { name: 'Sessiontree: all trees' }).click();
    await page.getByText('Choose a tree').waitFor();
    expect(await page.title()).toBe('Sessiontree');
  });

  test('looks within a session and all beneath it, until it is to look everywhere', async () => {
    const { url } = await openTrees();
    const page = await openPage(url, '/explorer/t/trip?s=flights');
    await page.getByRole('button', { name: 'Actions of the session' }).click();
    await page.getByRole('menuitem', { name: 'Search within…' }).click();
    await expect.poll(() => box(page).evaluate((element) => element === document.activeElement)).toBe(true);
    await page.getByText('"two words"').waitFor();
    await page.keyboard.type('lisbon');
    await page.keyboard.press('Enter');
    await expect.poll(() => found(page).allInnerTexts()).toEqual(['Flights']);
    expect(page.url()).toBe(`${url}/explorer/search?q=lisbon&within=flights`);
    await page.getByRole('button', { name: 'Within “Flights”: search everywhere' }).click();
    await expect.poll(() => found(page).allInnerTexts()).toHaveLength(4);
  });

  test('says that there may be more while the server still builds its index, and searches again', async () => {
    const { url } = await openTrees();
    const page = await openPage(url);
    let isBuilt = false;
    // The state lasts milliseconds in a store of this size: the answer of the server is that of a large one.
    await page.route('**/graphql', async (route) => {
      if (isBuilt || !route.request().postData()!.includes('searchMessages')) return route.continue();
      const response = await route.fetch();
      const { data } = await response.json();
      const searchMessages = { ...data.searchMessages, isComplete: false, edges: [], totalCount: 0 };
      await route.fulfill({ response, json: { data: { searchMessages } } });
    });
    await search(page, 'lisbon');
    const banner = page.getByText('The search index is still being built: there may be more than this.');
    await banner.waitFor();
    await expect.poll(() => found(page).allInnerTexts()).toEqual(['About Lisbon']);
    expect(await page.getByText('Nothing has all of these words').count()).toBe(0);
    isBuilt = true;
    await page.getByRole('button', { name: 'Search again' }).click();
    await expect.poll(() => found(page).allInnerTexts()).toHaveLength(4);
    expect(await banner.count()).toBe(0);
  });
});
