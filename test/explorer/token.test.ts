import { Sessiontree } from '@sessiontree/client';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { Scope } from '../../src/model/caller.ts';
import { tokensOf } from '../../src/server/auth/tokens.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { isThereABrowser, openPage, openStore, shownTitles, useBrowser } from './page.ts';

const form = (page: Page) => page.getByRole('dialog', { name: 'Sign in' });
const enter = async (page: Page, token: string) => {
  await form(page).getByLabel('Token').fill(token);
  await form(page).getByRole('button', { name: 'Sign in' }).click();
};
const composer = (page: Page) => page.getByRole('textbox', { name: 'Message', exact: true });
const kept = (page: Page) => page.evaluate(() => sessionStorage.getItem('sessiontree.token'));

/** A server that asks for tokens, with "Root", of Ada, and many messages. */
async function openGuarded() {
  const dataDirectory = await temporaryDirectory();
  const { url } = await openStore({ dataDirectory, auth: { kind: 'token' } });
  const tokens = tokensOf(dataDirectory);
  const mint = (scope: Scope, subtreeId?: string) => tokens.mint({ userId: 'ada', scope, subtreeId });
  const client = new Sessiontree(`${url}/graphql`, { token: (await mint('write')).token });
  const messages = Array.from({ length: 120 }, (_, n) => ({
    role: 'USER' as const,
    content: `Message ${n}`,
  }));
  await client.sessions.create({ id: 'root', title: 'Root', messages });
  return { url, client, mint, revoke: (id: string) => tokens.revoke(id) };
}

describe.skipIf(!isThereABrowser)('asked for a token, the explorer', { timeout: 60_000 }, () => {
  useBrowser();

  test('asks the person, says when one is refused, and shows the place of the address with one that is not', async () => {
    const { url, mint, client } = await openGuarded();
    const { token } = await mint('write');
    const page = await openPage(url, '/explorer/t/root');
    await form(page).getByText('It is kept for this tab alone.').waitFor();
    expect(await form(page).getByLabel('Token').getAttribute('type')).toBe('password');
    await enter(page, 'bad');
    const refused = form(page).getByRole('alert').getByText('The server does not accept this token.');
    await refused.waitFor();
    await enter(page, 'bäd');
    await refused.waitFor();
    // There is nothing to go back to.
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await form(page).waitFor();
    expect(await kept(page)).toBeNull();
    await enter(page, ` ${token} `);
    await form(page).waitFor({ state: 'detached' });
    await page.getByRole('feed').getByText('Message 119').waitFor();
    expect(await shownTitles(page)).toEqual(['Root']);
    // Over a WebSocket, too.
    await page.getByText('Live', { exact: true }).waitFor();
    await client.history.append('root', [{ role: 'USER', content: 'live' }]);
    await page.getByRole('feed').getByText('live', { exact: true }).waitFor();
    await composer(page).fill('from the page');
    await composer(page).press('Control+Enter');
    await page.getByRole('feed').getByText('from the page').waitFor();
    await page.reload();
    await page.getByRole('feed').getByText('from the page').waitFor();
    expect(await form(page).count()).toBe(0);
  });

  test('forgets the token, and what was read with it, when the person signs out', async () => {
    const { url, mint } = await openGuarded();
    const { token } = await mint('write');
    const page = await openPage(url, '/explorer/t/root');
    await enter(page, token);
    await page.getByRole('feed').getByText('Message 119').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await form(page).waitFor();
    expect(await kept(page)).toBeNull();
    expect(await page.locator('body').innerText()).not.toContain('Message 119');
  });

  test('takes the token of a link that was shared, once, and leaves it out of the address', async () => {
    const { url, mint } = await openGuarded();
    const shared = (await mint('read')).token;
    const other = (await mint('write')).token;
    const page = await openPage(url, `/explorer/t/root?s=root#token=${shared}`);
    await page.getByRole('feed').getByText('Message 119').waitFor();
    expect(page.url()).toBe(`${url}/explorer/t/root?s=root`);
    expect(await page.evaluate(() => history.length)).toBe(2);
    expect(await kept(page)).toBe(shared);
    // One that no header can carry is none.
    await page.goto(`${url}/explorer/t/root?s=root#token=b%C3%A4d`);
    await expect.poll(() => page.url()).toBe(`${url}/explorer/t/root?s=root`);
    expect(await kept(page)).toBe(shared);
    // Where the page is open already, the browser does not load it anew.
    await page.goto(`${url}/explorer/t/root?s=root#token=${other}`);
    await composer(page).waitFor();
    expect(await kept(page)).toBe(other);
    expect(page.url()).toBe(`${url}/explorer/t/root?s=root`);
  });

  test('asks again once the token has expired, and goes on where the person was', async () => {
    const { url, mint, revoke, client } = await openGuarded();
    const first = await mint('write');
    const page = await openPage(url, `/explorer/t/root#token=${first.token}`);
    await page.getByText('Live', { exact: true }).waitFor();
    await composer(page).fill('half a sen');
    await page.locator('.scrubber').fill('40');
    await page.getByText('Message 40', { exact: true }).waitFor();
    await revoke(first.id);
    await form(page).getByText('it has expired, or was revoked').waitFor();
    await client.history.append('root', [{ role: 'USER', content: 'meanwhile' }]);
    await enter(page, (await mint('write')).token);
    await form(page).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: '1 new ↓' }).waitFor();
    await page.getByText('Message 40', { exact: true }).waitFor();
    expect(await composer(page).inputValue()).toBe('half a sen');
    await composer(page).press('Control+Enter');
    await page.getByRole('feed').getByText('half a sen').waitFor();
  });

  test('offers nothing that writes to a token that only reads', async () => {
    const { url, mint, client } = await openGuarded();
    const page = await openPage(url, `/explorer/t/root#token=${(await mint('read')).token}`);
    await page.getByText('Read only').waitFor();
    await page.getByRole('feed').getByText('Message 119').waitFor();
    expect(await composer(page).count()).toBe(0);
    for (const name of ['New tree', 'Fork', 'Fork here', 'Roll back here'])
      expect(await page.getByRole('button', { name, exact: true }).count()).toBe(0);
    await page.getByRole('button', { name: 'Actions of the session' }).click();
    expect(await page.getByRole('menuitem').allInnerTexts()).toEqual([
      'Search within…',
      'Copy link',
      'Copy as Markdown',
      'Download as JSON lines',
    ]);
    await page.keyboard.press('Escape');
    for (const key of ['m', 'F', 'a', 'Delete', 'F2']) await page.keyboard.press(key);
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(await page.locator('.title-field').count()).toBe(0);
    expect(await client.sessions.get('root')).toMatchObject({ version: 1, archivedAt: null });
  });

  test('shows the subtree that a link was shared of, and nothing above or beside it', async () => {
    const { url, mint, client } = await openGuarded();
    await client.sessions.spawn('root', { id: 'part', title: 'Part' });
    await client.sessions.spawn('part', {
      id: 'beneath',
      title: 'Beneath',
      messages: [{ role: 'USER', content: 'here' }],
    });
    await client.sessions.spawn('root', { id: 'beside', title: 'Beside' });
    const { token } = await mint('read', 'part');
    const page = await openPage(url, `/explorer/t/part?s=beneath#token=${token}`);
    await page.getByRole('feed').getByText('here').waitFor();
    expect(await shownTitles(page)).toEqual(['Part', 'Beneath']);
    await page.getByText('Live', { exact: true }).waitFor();
    await client.sessions.update('beneath', { title: 'Renamed' });
    await expect.poll(() => shownTitles(page)).toEqual(['Part', 'Renamed']);
    await page.goto(`${url}/explorer/t/root`);
    await page.getByText('There is no such session').first().waitFor();
  });
});
