import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Sessiontree } from '@sessiontree/client';
import { chromium } from 'playwright-core';
import { FIRST_ID } from './invoices.ts';
import { serve } from './serve.ts';
import { writeTrees } from './trees.ts';

/** `npm run demo:picture`: takes the pictures of the explorer in the README, light and dark, of the trees of the demo. */
const DOCS = join(import.meta.dirname, '../docs');

const data = mkdtempSync(join(tmpdir(), 'sessiontree-demo-'));
const server = await serve(data, '0');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
try {
  await writeTrees(new Sessiontree(`${server.url}/graphql`));
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme });
    await page.goto(`${server.url}/explorer/t/${FIRST_ID}?s=demo-backfill`);
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByText('book the difference on its own account').waitFor();
    // The session that has the most beneath it would fill the tree.
    await page
      .getByRole('treeitem', { name: /Benchmark both ledgers/ })
      .locator('.chevron')
      .click();
    await page.locator('.meter i').first().waitFor();
    await page.screenshot({ path: join(DOCS, `explorer-${colorScheme}.png`) });
  }
} finally {
  await browser.close();
  await server.stop();
  rmSync(data, { recursive: true });
}
