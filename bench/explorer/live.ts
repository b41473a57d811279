import type { Browser } from 'playwright-core';
import type { Opened } from './cold.ts';

const MUTATIONS = 40;

const isLive = () => document.querySelector('.live.is-live') !== null;

/** Milliseconds from sending a message to the frame that shows it, by the clock of the page that does both. */
export async function delaysToFrame({ page }: Opened): Promise<number[]> {
  await page.waitForFunction(isLive);
  return page.evaluate(async (count) => {
    const delays: number[] = [];
    for (let n = 0; n < count; n += 1) {
      const content = `delay-${Date.now()}-${n}`;
      const begin = performance.now();
      const query =
        'mutation ($input: AppendMessagesInput!) { appendMessages(input: $input) { __typename } }';
      void fetch('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          query,
          variables: { input: { sessionId: 'tree', messages: [{ role: 'USER', content }] } },
        }),
      });
      do await new Promise(requestAnimationFrame);
      while (!document.querySelector('[role=feed]')!.textContent!.includes(content));
      delays.push(performance.now() - begin);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return delays;
  }, MUTATIONS);
}

/** How many of `count` tabs of one browser follow the store while all of them are open. */
export async function tabsLive(browser: Browser, url: string, count: number): Promise<number> {
  const context = await browser.newContext();
  try {
    const pages = [];
    for (let n = 0; n < count; n += 1) {
      const page = await context.newPage();
      await page.goto(`${url}/explorer/t/tree`);
      pages.push(page);
    }
    const waits = pages.map((page) => page.waitForFunction(isLive, undefined, { timeout: 20_000 }));
    const live = (await Promise.allSettled(waits)).filter(({ status }) => status === 'fulfilled').length;
    return live;
  } finally {
    await context.close();
  }
}
