import type { Browser, Page } from 'playwright-core';

/** A page in a browser context that has nothing cached. */
export interface Opened {
  readonly page: Page;
  /** The heap after a collection, and the elements of the page. */
  weight(): Promise<{ readonly heapMegabytes: number; readonly elements: number }>;
  close(): Promise<void>;
}

/** Opens a path of the explorer, and waits for nothing. */
export async function openCold(browser: Browser, url: string, path: string): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.goto(url + path, { waitUntil: 'commit' });
  return {
    page,
    async weight() {
      const session = await context.newCDPSession(page);
      await session.send('HeapProfiler.collectGarbage');
      const { usedSize } = await session.send('Runtime.getHeapUsage');
      const elements = await page.evaluate(() => document.querySelectorAll('*').length);
      return { heapMegabytes: usedSize / 1e6, elements };
    },
    close: () => context.close(),
  };
}

/** The number below which `share` of the numbers are. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN;
}

export const median = (numbers: readonly number[]): number => quantile(numbers, 0.5);
