import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isThereABrowser, openPage, openStore, useBrowser } from './page.ts';

describe.skipIf(!isThereABrowser)('a hostile transcript', { timeout: 60_000 }, () => {
  useBrowser();

  test('runs nothing, and asks nobody for anything', async () => {
    const asked: string[] = [];
    const trap = createServer((request, response) => {
      asked.push(request.url!);
      response.end();
    }).listen(0, '127.0.0.1');
    await once(trap, 'listening');
    onTestFinished(() => void trap.close());
    const there = `http://127.0.0.1:${(trap.address() as AddressInfo).port}`;
    const attacks = [
      '<script>window.ran = 1</script>',
      '<img src=x onerror="window.ran = 2">',
      `<img src="${there}/img">`,
      `![pixel](${there}/markdown-img "t")`,
      `<iframe src="${there}/frame" srcdoc="<script>parent.ran = 3</script>"></iframe>`,
      `<style>@import url(${there}/css); body { background: url(${there}/bg) }</style>`,
      `<link rel=stylesheet href=${there}/link><meta http-equiv=refresh content="0;url=${there}/meta">`,
      `<svg onload="window.ran = 4"><use href="${there}/svg#a"/></svg><math><mtext></mtext></math>`,
      '[run](javascript:window.ran=5) [data](data:text/html,<script>1</script>) [vb](vbscript:x)',
      '<a href="java&#x09;script:window.ran=6">tab</a><form action=//x><button formaction=javascript:ran=7>b</button></form>',
      '<div style="position:fixed;inset:0;z-index:9;background:red">over all</div>',
      `<video src=${there}/v autoplay></video><audio src=${there}/a></audio><object data=${there}/o></object>`,
      '"><img src=x onerror=window.ran=8>',
      '```html" onload="window.ran=9\n</code></pre><script>window.ran=9</script>\n```',
      'left \u202e right \u2066 isolate',
      'w'.repeat(200_000),
    ];
    const { url, client } = await openStore();
    const [first] = attacks;
    await client.sessions.create({
      id: 'evil',
      title: `<img src=x onerror=window.ran=10>${there} \u202e`,
      agentName: first,
      project: first,
      statusMessage: first,
      status: 'WAITING',
      messages: attacks.map((content, n) => ({
        role: n % 2 ? ('USER' as const) : ('ASSISTANT' as const),
        content,
        name: first,
        reasoning: content.slice(0, 1_000),
        ...(n % 2 === 0 && {
          toolCalls: [{ toolCallId: `c${n}`, name: first!, arguments: { command: content.slice(0, 500) } }],
        }),
      })),
    });
    const page = await openPage(url, '/explorer/t/evil');
    await page.getByRole('button', { name: /Show all/ }).waitFor();
    await page.getByRole('feed').focus();
    const feed = page.getByRole('feed');
    for (let top = 0; top < 4_000; top += 300) {
      await feed.evaluate((element, offset) => element.scrollTo(0, offset), top);
      await page.locator('details').evaluateAll((all) => {
        for (const details of all) (details as HTMLDetailsElement).open = true;
      });
    }
    expect(await page.evaluate(() => (window as { ran?: number }).ran)).toBeUndefined();
    expect(asked).toEqual([]);
    const links = await page
      .locator('article a[href]')
      .evaluateAll((all) => all.map((link) => link.getAttribute('href')!));
    expect(links.filter((href) => !/^(https?:|mailto:|\/explorer\/)/.test(href))).toEqual([]);
    expect(
      await page
        .locator(
          'article :is(script, img, iframe, style, link, svg, video, audio, object, form):not(.message-actions *)',
        )
        .count(),
    ).toBe(0);
    // What changes the order of letters is shown by its number.
    await page.goto(`${url}/explorer/search?q=isolate`);
    await page.getByText('⟨202E⟩').first().waitFor();
    // The page is not wider than its window.
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  });
});
