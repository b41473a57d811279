import { describe, expect, test } from 'vitest';
import { isThereABrowser, openPage, openStore, shownTitles, useBrowser } from './page.ts';

/** root > (a > (a1 > a11), b) */
async function openFamily() {
  const store = await openStore();
  const { client } = store;
  const usage = { inputTokens: 100, outputTokens: 10, costUsd: 0.5 };
  const messages = [{ role: 'ASSISTANT' as const, content: 'done', usage }];
  await client.sessions.create({ id: 'root', title: 'Root', agentName: 'planner', messages });
  await client.sessions.spawn('root', { id: 'a', title: 'A', messages });
  await client.sessions.spawn('root', { id: 'b', title: 'B', status: 'FAILED' });
  await client.sessions.spawn('a', { id: 'a1', title: 'A1' });
  await client.sessions.spawn('a1', { id: 'a11', title: 'A11', messages });
  return store;
}

describe.skipIf(!isThereABrowser)('a tree', { timeout: 60_000 }, () => {
  useBrowser();

  test('shows two levels at first, each session with what it and all beneath it cost', async () => {
    const { url } = await openFamily();
    const page = await openPage(url, '/explorer/t/root');
    await expect.poll(() => shownTitles(page)).toEqual(['Root', 'A', 'A1', 'B']);
    expect(await page.getByRole('treeitem').first().innerText()).toContain('$1.50');
    expect(await page.getByRole('treeitem').nth(1).innerText()).toContain('$1.00');
    const sums = await page.locator('.tree-sums').innerText();
    expect(sums.replace(/\s+/g, ' ')).toContain('5 sessions 3 messages 330 tokens $1.50 cost, whole subtree');
    // What is closed says how many are beneath.
    expect(await page.getByRole('treeitem').nth(2).innerText()).toContain('1');
  });

  test('is shown before all of it is read: first its beginning, then the rest, with what happened meanwhile', async () => {
    const { url, client } = await openFamily();
    for (let n = 0; n < 220; n += 1) await client.sessions.spawn('b', { id: `b${n}`, title: `B${n}` });
    const page = await openPage(url);
    let answerRest = () => {};
    const isWanted = new Promise<void>((resolve) => (answerRest = resolve));
    await page.route('**/graphql', async (route) => {
      if (route.request().postDataJSON().variables?.first === 10_000) await isWanted;
      await route.continue();
    });
    await page.goto(`${url}/explorer/t/root?s=b219`);
    await expect
      .poll(async () => (await shownTitles(page)).slice(0, 5))
      .toEqual(['Root', 'A', 'A1', 'B', 'B0']);
    // The sums of a part are not those of the tree.
    const costs = () => page.locator('.tree-row > :last-child').allInnerTexts();
    expect((await costs()).slice(0, 2)).toEqual(['', '$1.00']);
    expect(await page.getByText('cost, whole subtree').isVisible()).toBe(false);
    await client.sessions.update('b1', { title: 'Renamed' });
    await client.sessions.spawn('a', { title: 'Spawned meanwhile' });
    answerRest();
    await page.getByRole('treeitem', { selected: true }).getByText('B219').waitFor();
    await page.getByText('cost, whole subtree').waitFor();
    await page.getByRole('tree').press('Home');
    await expect
      .poll(async () => (await shownTitles(page)).slice(0, 7))
      .toEqual([...['Root', 'A', 'A1', 'Spawned meanwhile'], ...['B', 'B0', 'Renamed']]);
    expect((await costs())[0]).toBe('$1.50');
    expect(await page.locator('.tree-sums b').first().innerText()).toBe('226');
  });

  test('says that the rest could not be read, and reads it when asked again', async () => {
    const { url, client } = await openFamily();
    for (let n = 0; n < 220; n += 1) await client.sessions.spawn('b', { id: `b${n}`, title: `B${n}` });
    const page = await openPage(url);
    let isThere = false;
    await page.route('**/graphql', async (route) => {
      if (route.request().postDataJSON().variables?.first === 10_000 && !isThere) await route.abort();
      else await route.continue();
    });
    await page.goto(`${url}/explorer/t/root`);
    await page.getByText(/The first 201 sessions. More could not be read: /).waitFor();
    isThere = true;
    await page.getByRole('button', { name: 'Read 10,000 more' }).click();
    await expect.poll(() => page.locator('.tree-sums b').first().innerText()).toBe('225');
    await page.getByText(/The first 201 sessions/).waitFor({ state: 'detached' });
  });

  test('is a tree for assistive technology', async () => {
    const { url } = await openFamily();
    const page = await openPage(url, '/explorer/t/root?s=b');
    await page.getByRole('treeitem', { selected: true }).waitFor();
    expect(
      await page
        .getByRole('treeitem')
        .evaluateAll((elements) =>
          elements.map((element) =>
            ['aria-level', 'aria-setsize', 'aria-posinset', 'aria-expanded', 'aria-selected'].map((name) =>
              element.getAttribute(name),
            ),
          ),
        ),
    ).toEqual([
      ['1', '1', '1', 'true', 'false'],
      ['2', '2', '1', 'true', 'false'],
      ['3', '1', '1', 'false', 'false'],
      ['2', '2', '2', null, 'true'],
    ]);
    await page.getByRole('img', { name: 'failed' }).first().waitFor();
  });

  test('is walked by keys alone', async () => {
    const { url } = await openFamily();
    const page = await openPage(url, '/explorer/t/root');
    const tree = page.getByRole('tree');
    await page.getByRole('treeitem').first().waitFor();
    // These keys need no focus.
    await page.keyboard.press('e');
    await expect.poll(() => shownTitles(page)).toEqual(['Root', 'A', 'A1', 'A11', 'B']);
    await page.getByRole('treeitem').nth(2).locator('.chevron').click();
    await page.getByRole('treeitem').nth(1).click();
    await page.getByRole('searchbox').focus();
    await page.getByRole('searchbox').blur();
    await page.keyboard.press(']');
    await expect.poll(() => page.url()).toContain('s=b');
    await page.keyboard.press('u');
    await expect.poll(() => page.url()).toContain('s=root');
    await page.keyboard.press('/');
    await expect
      .poll(() =>
        page.getByRole('textbox', { name: 'Title' }).evaluate((it) => it === document.activeElement),
      )
      .toBe(true);
    await tree.focus();
    const at = () => page.locator('[aria-selected=true] .tree-name > .cut:not(em)').innerText();
    const walk: [string, string][] = [
      ['ArrowDown', 'A'],
      ['ArrowRight', 'A1'],
      ['ArrowRight', 'A1'],
      ['ArrowRight', 'A11'],
      ['ArrowLeft', 'A1'],
      ['ArrowLeft', 'A1'],
      ['u', 'A'],
      [']', 'B'],
      ['[', 'A'],
      ['End', 'B'],
      ['g', 'Root'],
      ['ArrowUp', 'Root'],
    ];
    for (const [key, expected] of walk) {
      await page.keyboard.press(key);
      await expect.poll(at, { message: `after ${key}` }).toBe(expected);
    }
    expect(await shownTitles(page)).toEqual(['Root', 'A', 'A1', 'B']);
    expect(page.url()).toContain('s=root');
    expect(await tree.evaluate((element) => document.activeElement === element)).toBe(true);
  });

  test('opens at a session that is deep in it, by its address', async () => {
    const { url } = await openFamily();
    const page = await openPage(url, '/explorer/t/root?s=a11');
    await expect.poll(() => shownTitles(page)).toEqual(['Root', 'A', 'A1', 'A11', 'B']);
    await page
      .getByRole('navigation', { name: 'Above the session' })
      .getByText('A1', { exact: true })
      .click();
    await expect.poll(() => page.url()).toContain('s=a1');
    await page.goBack();
    await expect.poll(() => page.url()).toContain('s=a11');
  });

  test('grows, loses and moves sessions while one looks', async () => {
    const { url, client } = await openFamily();
    const page = await openPage(url, '/explorer/t/root');
    await expect.poll(() => shownTitles(page)).toEqual(['Root', 'A', 'A1', 'B']);
    await client.sessions.spawn('b', { id: 'b1', title: 'B1', status: 'RUNNING' });
    await expect.poll(() => shownTitles(page)).toEqual(['Root', 'A', 'A1', 'B', 'B1']);
    await client.sessions.update('b1', { title: 'B one' });
    await expect.poll(() => shownTitles(page)).toEqual(['Root', 'A', 'A1', 'B', 'B one']);
    await client.sessions.move('a1', { parentId: 'b' });
    await expect.poll(() => shownTitles(page)).toEqual(['Root', 'A', 'B', 'B one', 'A1']);
    await client.sessions.create({ id: 'other', title: 'Other' });
    await client.sessions.spawn('other', { id: 'beneath', title: 'Beneath' });
    await client.sessions.move('other', { parentId: 'a' });
    await expect.poll(() => shownTitles(page)).toEqual(['Root', 'A', 'Other', 'B', 'B one', 'A1']);
    await client.sessions.delete('b', { mode: 'CASCADE' });
    await expect.poll(() => shownTitles(page)).toEqual(['Root', 'A', 'Other']);
    await client.sessions.move('other', { asRoot: true });
    await expect.poll(() => shownTitles(page)).toEqual(['Root', 'A']);
    await client.sessions.delete('root', { mode: 'CASCADE' });
    await page.getByText('This tree was deleted').waitFor();
  });

  test('as a timeline has a bar for each session, between the times that stand above', async () => {
    const { url, client } = await openStore();
    const at = (time: string) => ({
      createdAt: `2024-05-01T${time}:00Z`,
      lastActiveAt: `2024-05-01T${time}:30Z`,
    });
    await client.sessions.create({ id: 'root', title: 'Root', ...at('10:00') });
    await client.sessions.spawn('root', { id: 'a', title: 'A', ...at('10:30') });
    await client.sessions.spawn('root', { id: 'b', title: 'B', ...at('11:00') });
    await client.sessions.spawn('a', { id: 'a1', title: 'A1', ...at('11:59') });
    const page = await openPage(url, '/explorer/t/root', { timezoneId: 'UTC' });
    await page.getByRole('button', { name: 'Timeline' }).click();
    await expect.poll(() => page.locator('.timeline-bar i').count()).toBe(4);
    expect(page.url()).toContain('view=timeline');
    expect(await page.locator('.timeline-ends span').allInnerTexts()).toEqual([
      'May 1, 2024, 10:00',
      'May 1, 2024, 11:59',
    ]);
    const left = (title: string) =>
      page
        .getByRole('treeitem')
        .filter({ hasText: title })
        .locator('i[style*=left]')
        .last()
        .evaluate((it) => it.style.left);
    expect(Number.parseFloat(await left('B'))).toBeCloseTo(50, 0);
  });

  test('that is not there says so, and offers nothing', async () => {
    const { url, client } = await openStore();
    const page = await openPage(url, '/explorer/t/nothing');
    await page.getByRole('heading', { name: 'There is no such session', exact: true }).waitFor();
    const session = page.getByRole('region', { name: 'Session' });
    await session
      .getByText('It may have been deleted, or moved to another tree, or belong to somebody else.')
      .waitFor();
    // Nothing follows it, and nothing can be done with it.
    await page.locator('.live', { hasText: 'Not live' }).waitFor();
    expect(await session.getByRole('button').allInnerTexts()).toEqual([]);
    await client.sessions.create({ id: 'nothing', title: 'Something' });
    await page.reload();
    await page.getByText('Live', { exact: true }).waitFor();
    await session.getByRole('button', { name: 'Actions of the session' }).waitFor();
  });
});
