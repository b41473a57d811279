import type { Message } from '@sessiontree/client';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { type Explorer, isThereABrowser, openPage, openStore, useBrowser } from './page.ts';

const usage = (costUsd: number) => ({ inputTokens: 1_000, outputTokens: 10, cacheReadTokens: 400, costUsd });

/** "Root", of 22 messages, and "Fork", which has 21 of them and two of its own. */
async function openFork(): Promise<Explorer> {
  const store = await openStore();
  const { client } = store;
  await client.sessions.create({
    id: 'root',
    title: 'Root',
    agentName: 'planner',
    userId: 'ada',
    project: 'travel',
    metadata: { topic: 'May' },
    messages: Array.from({ length: 22 }, (_, n) => ({ role: 'USER' as const, content: `Said ${n}` })),
  });
  await client.sessions.fork('root', { id: 'fork', title: 'Fork', throughMessageId: 'root:20' });
  await client.history.append('fork', [
    { role: 'USER', content: 'Elsewhere 1' },
    { role: 'ASSISTANT', content: 'Elsewhere 2', model: 'model-a', usage: usage(0.25) },
  ]);
  return store;
}

const cellsOf = (page: Page, caption: string) =>
  page
    .getByRole('table', { name: caption })
    .locator('tbody tr')
    .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));

describe.skipIf(!isThereABrowser)('the explorer shows', { timeout: 60_000 }, () => {
  useBrowser();

  test('the details of a session: where it comes from, its forks, what it spent, its metadata', async () => {
    const { url, client } = await openFork();
    await client.history.append('root', [
      { role: 'ASSISTANT', content: '', toolCalls: [{ toolCallId: 'c1', name: 'spawn', arguments: {} }] },
    ]);
    await client.sessions.spawn('root', { id: 'child', title: 'Child', spawnedBy: { toolCallId: 'c1' } });
    const page = await openPage(url, '/explorer/t/root');
    await page.getByRole('button', { name: 'Details', exact: true }).click();
    const details = page.getByRole('region', { name: 'Details' });
    const fact = async (name: string) => {
      const row = details.locator('dl > div').filter({ has: page.locator('dt', { hasText: name }) });
      return (await row.first().locator('dd').innerText()).trim();
    };
    await details.waitFor();
    expect(await fact('User')).toBe('ada');
    expect(await fact('Project')).toBe('travel');
    expect(await fact('Messages')).toBe('23, 22 of them from the user');
    expect(await fact('Fork at 21')).toBe('Fork, 23 messages. Compare');
    expect(await details.locator('pre').innerText()).toContain('"topic": "May"');
    await details.getByText('Nothing was spent here.').waitFor();
    // It follows the store.
    await client.sessions.update('root', { metadata: { topic: 'June' }, status: 'WAITING' });
    await expect.poll(() => details.locator('pre').innerText()).toContain('"topic": "June"');
    await expect.poll(() => fact('Status')).toMatch(/^waits for you since/);
    await page.goto(`${url}/explorer/t/root?s=fork&pane=details`);
    await expect.poll(() => fact('Forked from')).toMatch(/^Root, with 21 messages\. Compare$/);
    expect(await cellsOf(page, 'Usage by model')).toEqual([
      ['model-a', '1', '1,000', '400', '10', '0', '$0.25'],
    ]);
    await page.goto(`${url}/explorer/t/root?s=child&pane=details`);
    await expect.poll(() => fact('Spawned by')).toBe('Root, by the call c1');
    await client.sessions.delete('root', { mode: 'REPARENT' });
    await page.goto(`${url}/explorer/t/fork?pane=details`);
    await expect.poll(() => fact('Forked from')).toBe('root, which was deleted, with 21 messages');
  });

  test('a fork beside its origin, from where the two part, and goes on while they grow', async () => {
    const { url, client } = await openFork();
    const page = await openPage(url, '/explorer/t/root?s=fork');
    await page.getByRole('link', { name: 'Compare', exact: true }).click();
    const pane = page.getByRole('region', { name: 'Compare' });
    const said = (name: string) =>
      pane.getByRole('region', { name, exact: true }).locator('.text').allInnerTexts();
    await pane.getByText('21 messages in common').waitFor();
    await expect.poll(() => said('Root')).toEqual(['Said 21']);
    await expect.poll(() => said('Fork')).toEqual(['Elsewhere 1', 'Elsewhere 2']);
    await pane.getByText('2 messages of its own, $0.25').waitFor();
    expect(new URL(page.url()).pathname).toBe('/explorer/compare/root/fork');
    await pane.getByText('21 messages in common').click();
    await pane.getByText('Said 20').waitFor();
    await client.history.append('root', [{ role: 'USER', content: 'Said later' }]);
    await expect.poll(() => said('Root')).toEqual(['Said 21', 'Said later']);
    await pane.getByRole('link', { name: 'Swap' }).click();
    await expect
      .poll(() => pane.locator('.columns > section').evaluateAll((all) => all.map((one) => one.ariaLabel)))
      .toEqual(['Fork', 'Root']);
    await client.sessions.delete('fork');
    await page.reload();
    await pane.getByText('One of the two was deleted.').waitFor();
  });

  test('two sessions of which neither is a fork, once both rows were clicked with Ctrl', async () => {
    const { url, client } = await openFork();
    const first = { role: 'USER' as const, content: 'Said 0' };
    await client.sessions.spawn('root', { id: 'other', title: 'Other', messages: [first] });
    const page = await openPage(url, '/explorer/t/root');
    await page
      .getByRole('treeitem')
      .nth(0)
      .click({ modifiers: ['Control'] });
    await page
      .getByRole('treeitem')
      .filter({ hasText: 'Other' })
      .click({ modifiers: ['Control'] });
    await page.getByText('1 message in common').waitFor();
    await page.getByText('Nothing after what they have in common.').waitFor();
  });

  test('what was spent in many days by month, and says so', async () => {
    const { url, client } = await openStore();
    const createdAt = new Date(Date.now() - 200 * 86_400_000).toISOString();
    const { session } = await client.sessions.create({
      messages: [
        { role: 'ASSISTANT', content: 'x', usage: usage(4), createdAt },
        { role: 'ASSISTANT', content: 'x', usage: usage(1) },
      ],
    });
    const messages = await client.history.list(session.id, { reverse: true }).toArray();
    const page = await openPage(url, '/explorer/usage?days=all');
    const head = page.getByRole('table', { name: 'Usage by month' }).getByRole('columnheader');
    await expect.poll(() => head.first().innerText()).toBe('Month');
    expect((await cellsOf(page, 'Usage by month')).map(([name]) => name)).toEqual(
      messages.map((message) => message.createdAt.slice(0, 7)),
    );
    await page.getByRole('img', { name: /^Cost by month, highest in / }).waitFor();
    await page.getByRole('button', { name: '7 days', exact: true }).click();
    const days = page.getByRole('table', { name: 'Usage by day' }).getByRole('columnheader');
    await expect.poll(() => days.first().innerText()).toBe('Day');
  });

  test('what was spent, by day, model, project, agent and user', async () => {
    const { url, client } = await openFork();
    const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString();
    await client.sessions.create({
      userId: 'bob',
      agentName: 'coder',
      messages: [
        { role: 'ASSISTANT', content: 'x', model: 'model-b', usage: usage(1), createdAt: day(60) },
        { role: 'ASSISTANT', content: 'x', model: 'model-b', usage: usage(2), createdAt: day(10) },
      ],
    });
    const page = await openPage(url);
    await page.getByRole('link', { name: 'Usage' }).click();
    const figures = page.getByRole('region', { name: 'Figures' });
    const total = async () => (await figures.locator('.tree-sums b').allInnerTexts()).join(' ');
    await expect.poll(total).toBe('$2.25 2,020 2');
    const choose = (name: string) => page.getByRole('button', { name, exact: true }).click();
    await choose('7 days');
    await expect.poll(total).toBe('$0.25 1,010 1');
    await choose('All');
    await expect.poll(total).toBe('$3.25 3,030 3');
    const names = async (by: string) =>
      (await cellsOf(page, `Usage by ${by}`)).map(([name, , , , , , cost]) => `${name} ${cost}`);
    await choose('Model');
    await expect.poll(() => names('model')).toEqual(['model-b $3.00', 'model-a $0.25']);
    await choose('Agent');
    await expect.poll(() => names('agent')).toEqual(['coder $3.00', 'planner $0.25']);
    await choose('User');
    await expect.poll(() => names('user')).toEqual(['bob $3.00', 'ada $0.25']);
    await choose('Project');
    await expect.poll(() => names('project')).toEqual(['no project $3.00', 'travel $0.25']);
    expect(page.url()).toMatch(/usage\?by=project&days=all$/);
    await choose('7 days');
    await choose('Day');
    const [{ createdAt }] = (await client.history.list('fork', { reverse: true }).toArray(1)) as [Message];
    await expect.poll(() => names('day')).toEqual([`${createdAt.slice(0, 10)} $0.25`]);
  });

  test('of a store in which nothing was spent, that', async () => {
    const { url } = await openStore();
    const page = await openPage(url, '/explorer/usage');
    await page.getByText('Nothing was spent in this time').waitFor();
  });
});
