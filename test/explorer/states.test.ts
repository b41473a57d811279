import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sessionFileName, shardOf } from '../../src/repository/files/format/layout.ts';
import { openCutProxy } from '../support/open-cut-proxy.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { isThereABrowser, openPage, openStore, serveStore, shownTitles, useBrowser } from './page.ts';

const said = (...contents: string[]) => contents.map((content) => ({ role: 'USER' as const, content }));

const fileOf = (dataDirectory: string, id: string) =>
  join(dataDirectory, 'sessions', shardOf(id), sessionFileName(id));

/** Changes the file of a session, as a fault of the disk would, while no server has it open. */
async function damage(dataDirectory: string, id: string, change: (text: string) => string): Promise<void> {
  const path = fileOf(dataDirectory, id);
  await writeFile(path, change(await readFile(path, 'utf8')));
  await rm(join(dataDirectory, 'index.db'));
}

describe.skipIf(!isThereABrowser)('the explorer says of', { timeout: 60_000 }, () => {
  useBrowser();

  test('a damaged session what is damaged, and shows the rest', async () => {
    const dataDirectory = await temporaryDirectory();
    const before = await serveStore({ dataDirectory });
    await before.client.sessions.create({ id: 'root', title: 'Root' });
    for (const content of ['first', 'second', 'third'])
      await before.client.history.append('root', said(content));
    await before.client.sessions.create({ id: 'sound', title: 'Sound' });
    await before.stop();
    await damage(dataDirectory, 'root', (text) => text.replace('second', 'sEcond'));
    const { url } = await openStore({ dataDirectory });
    const page = await openPage(url, '/explorer/t/root');
    await page.getByText(/^Damaged, and shown without that part: line 3: /).waitFor();
    await page.getByText('#1 is damaged and cannot be shown').waitFor();
    expect(await page.getByRole('feed').locator('.text').allInnerTexts()).toEqual(['first', 'third']);
    await page.getByRole('button', { name: 'Details', exact: true }).click();
    await page.getByRole('region', { name: 'Details' }).getByText('Line 3: ').waitFor();
    await page.goto(`${url}/explorer/?damaged=1`);
    await expect.poll(() => page.locator('.root-row b').allInnerTexts()).toEqual(['Root']);
  });

  test('a file that cannot be read at all which it is, and why', async () => {
    const dataDirectory = await temporaryDirectory();
    const before = await serveStore({ dataDirectory });
    await before.client.sessions.create({ id: 'lost', title: 'Lost' });
    await before.client.sessions.create({ id: 'sound', title: 'Sound' });
    await before.stop();
    await damage(dataDirectory, 'lost', () => '\0\0\0\0\n');
    const { url } = await openStore({ dataDirectory });
    const page = await openPage(url);
    await page.getByText('1 file could not be read').click();
    await page.getByText(sessionFileName('lost')).waitFor();
    await page.getByText('1 file could not be read').press('Enter');
    await page.getByRole('link', { name: /Sound/ }).waitFor();
  });

  test('a deleted session that it is gone', async () => {
    const { url, client } = await openStore();
    await client.sessions.create({ id: 'root', title: 'Root' });
    await client.sessions.spawn('root', { id: 'child', title: 'Child', messages: said('hello') });
    const page = await openPage(url, '/explorer/t/root?s=child');
    await page.getByRole('feed').getByText('hello').waitFor();
    await client.sessions.delete('child');
    await page.getByRole('heading', { name: 'This session was deleted' }).waitFor();
    expect(await page.getByRole('button', { name: 'Actions of the session' }).count()).toBe(0);
    await expect.poll(() => shownTitles(page)).toEqual(['Root']);
    expect(await page.getByRole('textbox', { name: 'Message', exact: true }).count()).toBe(0);
  });

  test('a store that was put back from a backup what is there now', async () => {
    const dataDirectory = await temporaryDirectory();
    const backup = await temporaryDirectory();
    const first = await serveStore({ dataDirectory });
    await first.client.sessions.create({ id: 'root', title: 'Root', messages: said('kept') });
    await first.stop();
    await cp(dataDirectory, backup, { recursive: true });
    const second = await serveStore({ dataDirectory });
    // The port of a server that has ended may be taken by others; that of the proxy stays.
    const proxy = await openCutProxy(second.url);
    const page = await openPage(new URL(proxy.url).origin, '/explorer/t/root');
    await page.getByText('Live', { exact: true }).waitFor();
    await second.client.history.append('root', said('lost'));
    await second.client.sessions.spawn('root', { title: 'Lost' });
    await page.getByRole('feed').getByText('lost').waitFor();
    await expect.poll(() => shownTitles(page)).toEqual(['Root', 'Lost']);
    proxy.lead(null);
    await second.stop();
    await page.getByText('Server away, resuming').waitFor();
    await rm(dataDirectory, { recursive: true });
    await cp(backup, dataDirectory, { recursive: true });
    const third = await openStore({ dataDirectory });
    proxy.lead(Number(new URL(third.url).port));
    await page.getByText('Live', { exact: true }).waitFor();
    await expect.poll(() => shownTitles(page)).toEqual(['Root']);
    await expect.poll(() => page.getByRole('feed').locator('.text').allInnerTexts()).toEqual(['kept']);
    await third.client.history.append('root', said('goes on'));
    await page.getByRole('feed').getByText('goes on').waitFor();
  });

  test('messages that are too large for one answer what they say, read in smaller parts', async () => {
    const { url, client } = await openStore({ limits: { readBytes: 2 * 1024 * 1024 } });
    await client.sessions.create({ id: 'root', title: 'Root' });
    for (let n = 0; n < 60; n += 1)
      await client.history.append('root', said(`Large ${n}: ${'x '.repeat(50_000)}`));
    const page = await openPage(url, '/explorer/t/root');
    await page.getByText(/^Large 59: /).waitFor();
    await page.locator('.scrubber').fill('0');
    await page.getByText(/^Large 0: /).waitFor();
    await client.sessions.fork('root', { id: 'fork', throughMessageId: 'root:50' });
    await page.goto(`${url}/explorer/compare/root/fork`);
    await page.getByText('51 messages in common').waitFor();
    await page.getByText(/^Large 59: /).waitFor();
  });
});
