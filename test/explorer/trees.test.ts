import { describe, expect, test } from 'vitest';
import { isThereABrowser, openPage, openStore, useBrowser } from './page.ts';

describe.skipIf(!isThereABrowser)('the list of trees', { timeout: 60_000 }, () => {
  useBrowser();

  test('an empty store shows how to begin, and the first tree as soon as there is one', async () => {
    const { url, client } = await openStore();
    const page = await openPage(url);
    await page.getByText('The store is empty').waitFor();
    await page.getByText('curl -s').waitFor();
    await client.sessions.create({ title: 'The first' });
    await page.getByRole('link', { name: /The first/ }).waitFor();
    expect(await page.getByText('The store is empty').count()).toBe(0);
  });

  test('the tree that was active last comes first, and moves there when a session beneath it is active', async () => {
    const { url, client } = await openStore();
    for (const id of ['a', 'b', 'c']) await client.sessions.create({ id, title: `Tree ${id}` });
    const { session } = await client.sessions.spawn('a', { title: 'child' });
    const page = await openPage(url);
    const titles = () => page.locator('.root-row b').allInnerTexts();
    await page.getByRole('link', { name: /Tree c/ }).waitFor();
    expect(await titles()).toEqual(['Tree a', 'Tree c', 'Tree b']);
    await client.history.append('b', [{ role: 'USER', content: 'hello' }]);
    await expect.poll(titles).toEqual(['Tree b', 'Tree a', 'Tree c']);
    await client.history.append(session.id, [{ role: 'USER', content: 'hello' }]);
    await expect.poll(titles).toEqual(['Tree a', 'Tree b', 'Tree c']);
  });

  test('a tree without a title is known by its first words', async () => {
    const { url, client } = await openStore();
    await client.sessions.create({ messages: [{ role: 'USER', content: 'Summarise  the\nincident' }] });
    const page = await openPage(url);
    await page.getByText('Untitled · “Summarise the incident”').waitFor();
  });

  test('a list longer than a page goes on as one scrolls, without a tree twice', async () => {
    const { url, client } = await openStore();
    const names = Array.from({ length: 130 }, (_, n) => `Tree ${n}`);
    for (const title of names) await client.sessions.create({ title });
    const page = await openPage(url);
    await page.getByRole('link', { name: 'Tree 129' }).waitFor();
    const seen = new Set<string>();
    const scroller = page.locator('.trees-pane .scroll');
    await expect
      .poll(
        async () => {
          for (const title of await page.locator('.root-row b').allInnerTexts()) seen.add(title);
          await scroller.evaluate((element) => element.scrollBy(0, 400));
          return seen.size;
        },
        { timeout: 20_000, interval: 30 },
      )
      .toBe(names.length);
    // Few of them are elements at a time.
    expect(await page.locator('.root-row').count()).toBeLessThan(60);
  });

  test('filters are in the address, and hold after a reload', async () => {
    const { url, client } = await openStore();
    await client.sessions.create({ title: 'Runs', status: 'RUNNING', project: 'alpha' });
    await client.sessions.create({ title: 'Waits', status: 'WAITING', project: 'beta' });
    const { session } = await client.sessions.create({ title: 'Put away' });
    await client.sessions.archive(session.id);
    const page = await openPage(url);
    const titles = () => page.locator('.root-row b').allInnerTexts();
    await page.getByRole('button', { name: /^Running/ }).click();
    await expect.poll(titles).toEqual(['Runs']);
    expect(page.url()).toContain('status=RUNNING');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByRole('button', { name: 'Clear' }).click();
    await expect.poll(titles).toEqual(['Waits', 'Runs']);
    const asked: unknown[] = [];
    page.on('request', (request) => {
      const { query, variables } = request.postDataJSON() ?? {};
      if (/query Trees\b/.test(query)) asked.push(variables.filter.project ?? null);
    });
    // Once the person pauses, not for each letter: of the time of the page, which stands still while one types, however slowly.
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 30_000);
    await page.getByLabel('Project').pressSequentially('beta');
    await page.getByRole('textbox', { name: 'Title' }).pressSequentially('wait*');
    await page.clock.runFor(200);
    expect(asked).toEqual([]);
    await page.clock.resume();
    // The project alone has one tree.
    await expect.poll(() => page.url()).toContain('title=wait*&project=beta');
    await expect.poll(titles).toEqual(['Waits']);
    expect(asked.length).toBeLessThanOrEqual(2);
    expect(asked.at(-1)).toBe('beta');
    await page.reload();
    await expect.poll(titles).toEqual(['Waits']);
    await page.goto(`${url}/explorer/?archived=1`);
    await expect.poll(titles).toEqual(['Put away']);
    await page.goto(`${url}/explorer/?title=nothing`);
    await page.getByText('No tree is like this').waitFor();
  });
});
