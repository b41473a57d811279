import type { Locator, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { isThereABrowser, openPage, openStore, useBrowser } from './page.ts';

const message = (page: Page, position: number) => page.locator(`article[aria-label^="Message ${position}"]`);

/** Where on the page each message is that is in sight; null unless all rows are measured: then each begins where the one above it ends. */
const placesIn = (scroller: Locator) =>
  scroller.evaluate((element) => {
    const rows = [...element.querySelectorAll('.rows > div')].map((row) => ({
      box: row.getBoundingClientRect(),
      text: row.querySelector('.text')?.textContent,
    }));
    if (rows.some(({ box }, n) => n > 0 && Math.abs(box.top - rows[n - 1]!.box.bottom) > 1)) return null;
    const { top, bottom } = element.getBoundingClientRect();
    const inSight = rows.filter(({ box }) => box.top >= top && box.bottom <= bottom);
    return Object.fromEntries(inSight.map(({ box, text }) => [text, Math.round(box.top)]));
  });

describe.skipIf(!isThereABrowser)('a transcript', { timeout: 60_000 }, () => {
  useBrowser();

  test('shows Markdown, reasoning and tool calls with their outcome, and the session that a call spawned', async () => {
    const { url, client } = await openStore();
    await client.sessions.create({
      id: 'root',
      agentName: 'coder',
      messages: [
        { role: 'USER', content: 'Fix **it**' },
        {
          role: 'ASSISTANT',
          content: 'I run the tests:\n\n```ts\nconst a = 1;\n```\n\n- one\n- two',
          reasoning: 'It may be the rounding.',
          toolCalls: [
            { toolCallId: 'c1', name: 'bash', arguments: { command: 'npm test' } },
            { toolCallId: 'c2', name: 'spawn', arguments: { prompt: 'Look into it' } },
          ],
          usage: { inputTokens: 1_200, outputTokens: 34, cacheReadTokens: 1_000 },
        },
        { role: 'TOOL', toolCallId: 'c1', content: 'one failed', isError: true },
        { role: 'EVENT', kind: 'compaction', content: 'half of it' },
      ],
    });
    await client.sessions.spawn('root', {
      id: 'child',
      title: 'Looks into it',
      status: 'RUNNING',
      spawnedBy: { toolCallId: 'c2' },
    });
    const page = await openPage(url, '/explorer/t/root');
    await message(page, 0).locator('strong', { hasText: 'it' }).waitFor();
    const answer = message(page, 1);
    expect(await answer.locator('li').allInnerTexts()).toEqual(['one', 'two']);
    await answer.locator('.hljs-keyword', { hasText: 'const' }).waitFor();
    expect(await answer.locator('.message-head').innerText()).toContain('1,200 in · 1,000 cached · 34 out');
    await answer.getByText('It may be the rounding.').first().waitFor();
    const call = answer.locator('details.fold').first();
    expect(await call.innerText()).toMatch(/bash\s+npm test\s+failed/);
    await call.locator('summary').click();
    await call.getByText('one failed').waitFor();
    // The result is shown at its call alone.
    expect(await message(page, 2).innerText()).toBe('');
    expect(await message(page, 3).innerText()).toMatch(/compaction\s+half of it/);
    const card = answer.getByRole('link', { name: /Looks into it/ });
    expect(await card.innerText()).toContain('running');
    await client.sessions.update('child', { status: 'COMPLETED' });
    await expect.poll(() => card.innerText()).toContain('completed');
    await card.click();
    await expect.poll(() => page.url()).toContain('s=child');
  });

  test('opens at its end, and at any message by an address', async () => {
    const { url, client } = await openStore();
    const said = Array.from({ length: 700 }, (_, n) => ({
      role: 'USER' as const,
      content: `Message number ${n}`,
    }));
    await client.sessions.create({ id: 'long', messages: said });
    const page = await openPage(url, '/explorer/t/long');
    await page.getByText('Message number 699').waitFor();
    expect(await page.locator('article').count()).toBeLessThan(60);
    await page.goto(`${url}/explorer/t/long?s=long&m=long:123`);
    await page.getByText('Message number 123', { exact: true }).waitFor();
    expect(await page.locator('.is-target').innerText()).toContain('Message number 123');
    await page.locator('.scrubber').fill('400');
    await page.getByText('Message number 400', { exact: true }).waitFor();
    await page.locator('body').press('Escape');
    await page.getByRole('heading', { name: 'Trees' }).click();
    await page.keyboard.press('f');
    await page.getByText('Message number 699').waitFor();
    // The address is of what is shown.
    await expect.poll(() => page.url()).not.toContain('m=');
  });

  test('goes where the slider is, however long it is', async () => {
    const { url, client } = await openStore();
    await client.sessions.create({ id: 'long' });
    for (let n = 0; n < 12_000; n += 1_000)
      await client.history.append(
        'long',
        Array.from({ length: 1_000 }, (_, at) => ({ role: 'USER' as const, content: `Said ${n + at}` })),
      );
    const page = await openPage(url, '/explorer/t/long');
    await page.getByText('Said 11999', { exact: true }).waitFor();
    for (const position of [3_000, 9_000, 400, 6_000]) {
      await page.locator('.scrubber').fill(String(position));
      await page.getByText(`Said ${position}`, { exact: true }).waitFor();
    }
  });

  test('follows at its end, and says what is new instead of moving while one reads', async () => {
    const { url, client } = await openStore();
    const say = (...numbers: number[]) =>
      numbers.map((n) => ({ role: 'USER' as const, content: `Message number ${n}` }));
    await client.sessions.create({ id: 'chat', messages: say(...Array.from({ length: 60 }, (_, n) => n)) });
    const page = await openPage(url, '/explorer/t/chat');
    await page.getByText('Message number 59').waitFor();
    await client.history.append('chat', say(60));
    await page.getByText('Message number 60').waitFor();
    const scroller = page.getByRole('feed');
    await scroller.evaluate((element) => element.scrollTo(0, 1_000));
    await page.getByRole('button', { name: 'Follow', exact: true }).waitFor();
    // Until its rows are measured, the transcript is still in motion by itself.
    let before: object | null = null;
    await expect
      .poll(async () => {
        before = await placesIn(scroller);
        return Object.keys(before ?? {}).length;
      })
      .toBeGreaterThan(3);
    await client.history.append('chat', say(61, 62));
    const pill = page.getByRole('button', { name: '2 new ↓' });
    await pill.waitFor();
    expect(await placesIn(scroller)).toEqual(before);
    // Both can be clicked.
    await page.getByRole('button', { name: 'Follow', exact: true }).click({ trial: true });
    await pill.click();
    await page.getByText('Message number 62').waitFor();
    await pill.waitFor({ state: 'detached' });
  });

  test('follows what is added before the browser has told of the scroll to the end', async () => {
    const { url, client } = await openStore();
    const messages = Array.from({ length: 60 }, (_, n) => ({ role: 'USER' as const, content: `Said ${n}` }));
    await client.sessions.create({ id: 'chat', messages });
    const page = await openPage(url);
    // Each event of a scroll of the transcript waits, as for the next frame of a busy browser.
    await page.addInitScript(() => {
      const hold = (event: Event) => {
        if (event.isTrusted && (event.target as Element).role === 'feed') event.stopImmediatePropagation();
      };
      addEventListener('scroll', hold, true);
      addEventListener('told', () => removeEventListener('scroll', hold, true));
    });
    await page.goto(`${url}/explorer/t/chat`);
    const scroller = page.getByRole('feed');
    const height = () => scroller.evaluate(({ scrollHeight }) => scrollHeight);
    await page.getByText('Live', { exact: true }).waitFor();
    await scroller.getByText('Said 0', { exact: true }).waitFor();
    const before = await height();
    const draft = client.history.stream('chat', 'answer-1');
    await expect
      .poll(async () => {
        draft.write('Half ');
        return height();
      })
      .toBeGreaterThan(before);
    await scroller.evaluate((element) => {
      dispatchEvent(new Event('told'));
      element.dispatchEvent(new Event('scroll'));
    });
    await page.locator('.caret').waitFor();
    await client.history.append('chat', [{ role: 'ASSISTANT', key: 'answer-1', content: 'Half of it.' }]);
    await page.getByText('Half of it.').waitFor();
    await page.getByRole('button', { name: 'Following', exact: true }).waitFor();
    await expect
      .poll(() => scroller.evaluate((it) => Math.round(it.scrollHeight - it.scrollTop - it.clientHeight)))
      .toBe(0);
  });

  test('shows what was said while the answer that has its end was on its way', async () => {
    const { url, client } = await openStore();
    await client.sessions.create({ id: 'chat', messages: [{ role: 'USER', content: 'Said before' }] });
    const page = await openPage(url);
    let deliver = () => {};
    const isSaid = new Promise<void>((resolve) => (deliver = resolve));
    await page.route('**/graphql', async (route) => {
      if (!route.request().postData()?.includes('query HistoryEnd')) return route.continue();
      const response = await route.fetch();
      await isSaid;
      await route.fulfill({ response });
    });
    await page.goto(`${url}/explorer/t/chat`);
    await page.getByText('Live', { exact: true }).waitFor();
    await client.history.append('chat', [{ role: 'USER', content: 'Said meanwhile' }]);
    const inTree = page.getByRole('treeitem').first();
    await expect.poll(() => inTree.locator('> :nth-last-child(2)').innerText()).toBe('2');
    deliver();
    await page.getByRole('feed').getByText('Said meanwhile').waitFor();
    await page.getByRole('feed').getByText('Said before').waitFor();
    await page.getByText('of 2', { exact: false }).first().waitFor();
  });

  test('lets go of a reader who scrolls up just when something is added', async () => {
    const { url, client } = await openStore();
    const messages = Array.from({ length: 60 }, (_, n) => ({ role: 'USER' as const, content: `Said ${n}` }));
    await client.sessions.create({ id: 'chat', messages });
    const page = await openPage(url, '/explorer/t/chat');
    await page.getByText('Said 59').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    const scroller = page.getByRole('feed');
    // The event of the scroll comes only after what is added is there, and measured.
    await scroller.evaluate((element) => {
      const hold = (event: Event) => event.stopImmediatePropagation();
      addEventListener('scroll', hold, true);
      addEventListener('told', () => removeEventListener('scroll', hold, true));
      element.scrollTo(0, 1_000);
    });
    await client.history.append('chat', [{ role: 'USER', content: 'Said last' }]);
    await page.getByText('of 61').waitFor();
    const top = await scroller.evaluate(async (element) => {
      for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
      dispatchEvent(new Event('told'));
      element.dispatchEvent(new Event('scroll'));
      return element.scrollTop;
    });
    expect(top).toBe(1_000);
    await page.getByRole('button', { name: 'Follow', exact: true }).waitFor();
    expect(await scroller.evaluate(({ scrollTop }) => scrollTop)).toBeLessThan(1_100);
  });

  test('can be left while it scrolls', async () => {
    const { url, client } = await openStore();
    const messages = Array.from({ length: 60 }, (_, n) => ({ role: 'USER' as const, content: `Said ${n}` }));
    await client.sessions.create({ id: 'chat', messages });
    const page = await openPage(url, '/explorer/t/chat');
    await page.getByText('Said 59').waitFor();
    const isSeen = await page.getByRole('feed').evaluate(async (scroller) => {
      const scroll = new Promise((resolve) => scroller.addEventListener('scroll', resolve, { once: true }));
      scroller.scrollTo(0, 0);
      // The page is drawn anew before the next frame, which brings the event of the scroll.
      [...document.querySelectorAll('button')].find(({ innerText }) => innerText === 'Details')!.click();
      await scroll;
      return scroller.isConnected;
    });
    expect(isSeen).toBe(false);
    await page.getByRole('region', { name: 'Details' }).waitFor();
  });

  test('says which message was redacted', async () => {
    const { url, client } = await openStore();
    const messages = ['the secret', 'no secret'].map((content) => ({ role: 'USER' as const, content }));
    await client.sessions.create({ id: 'chat', messages });
    const page = await openPage(url, '/explorer/t/chat');
    await message(page, 0).getByText('the secret').waitFor();
    const redact =
      'mutation { redactMessages(input: { messageIds: ["chat:0"], reason: "a key" }) { __typename } }';
    expect(await client.request(redact)).toEqual({
      redactMessages: { __typename: 'RedactMessagesPayload' },
    });
    await page.reload();
    await message(page, 0).getByText('redacted', { exact: true }).waitFor();
    expect(await page.getByRole('feed').innerText()).not.toContain('the secret');
    await message(page, 1).getByText('no secret').waitFor();
  });

  test('shows what is being said, word by word, and then the message in its place', async () => {
    const { url, client } = await openStore();
    await client.sessions.create({ id: 'chat', messages: [{ role: 'USER', content: 'Go on' }] });
    const page = await openPage(url, '/explorer/t/chat');
    await page.getByRole('feed').getByText('Go on').waitFor();
    const draft = client.history.stream('chat', 'answer-1');
    await expect
      .poll(async () => {
        draft.write('Half ');
        return page.locator('.caret').count();
      })
      .toBe(1);
    await expect.poll(() => page.locator('.caret').innerText()).toContain('Half');
    await client.history.append('chat', [
      { role: 'ASSISTANT', key: 'answer-1', content: 'Half of it is done.' },
    ]);
    await page.getByText('Half of it is done.').waitFor();
    await expect.poll(() => page.locator('.caret').count()).toBe(0);
  });

  test('changes where messages are rolled back or replaced', async () => {
    const { url, client } = await openStore();
    await client.sessions.create({
      id: 'chat',
      messages: ['one', 'two', 'three'].map((content, n) => ({
        role: 'USER' as const,
        content,
        key: `k${n}`,
      })),
    });
    const page = await openPage(url, '/explorer/t/chat');
    await page.getByText('three').waitFor();
    await client.history.append('chat', [{ role: 'USER', content: 'TWO', key: 'k1' }], { onKey: 'REPLACE' });
    await page.getByText('TWO').waitFor();
    await client.history.truncate('chat', 1);
    await expect.poll(() => page.locator('.text').allInnerTexts()).toEqual(['one']);
    await page.getByText('#0–0 of 1').waitFor();
  });

  test('shows the beginning of a long text, and all of it when asked', async () => {
    const { url, client } = await openStore();
    await client.sessions.create({
      id: 'chat',
      messages: [{ role: 'USER', content: `${'word '.repeat(20_000)}the end` }],
    });
    const page = await openPage(url, '/explorer/t/chat');
    const more = page.getByRole('button', { name: /Show all, 100 kB/ });
    await more.waitFor();
    expect((await page.locator('.text').innerText()).length).toBeLessThan(5_000);
    await more.click();
    await expect.poll(async () => (await page.locator('.text').innerText()).endsWith('the end')).toBe(true);
  });
});
