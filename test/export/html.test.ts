import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { formatted } from '../../src/export/html/formatted.ts';
import { html } from '../../src/export/html/html.ts';
import { openBrowser } from '../server/browser.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { documentOf, storeWith, storeWithTree } from './tree.ts';

const SECRETS = /secret-(argument|payload|metadata|output|event)|secretPlace/;

/** What the texts of an attacker would do if one of them got out of its place. */
const ATTACKS = [
  '</title></style></script><script>window.attacked = 1</script>',
  '<img src=x onerror="window.attacked = 2">',
  '"><svg onload=window.attacked=3>',
  `' onmouseover='window.attacked = 4`,
  '</pre></code></div></details></article></section></main><iframe src="javascript:parent.attacked = 5"></iframe>',
  '<!-- --!> <![CDATA[ <a href="javascript:window.attacked = 6">x</a>',
  '&lt;script&gt;window.attacked = 7&lt;/script&gt;',
  '`<b onclick=x>` **<i>** # <base href=//example.org> <meta http-equiv=refresh content=0>',
  '```"><script>\n<script>window.attacked = 8</script>\n',
  '\u0000<\u0000script>\u001b[31m\u009b\u202e\u2066 hidden \u2028',
];

interface Opened {
  readonly page: Page;
  readonly requests: readonly string[];
  readonly faults: readonly string[];
}

/** Opens a document as a file, as somebody does who was sent it. */
async function open(text: string, skip: (condition: boolean, note: string) => void): Promise<Opened> {
  const browser = await openBrowser(skip);
  const path = join(await temporaryDirectory(), 'document.html');
  await writeFile(path, text);
  const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
  const requests: string[] = [];
  const faults: string[] = [];
  page.on('request', (request) => void requests.push(request.url()));
  page.on('console', (message) => void faults.push(message.text()));
  page.on('pageerror', (error) => void faults.push(String(error)));
  page.on('dialog', (dialog) => {
    faults.push(dialog.message());
    void dialog.dismiss();
  });
  const url = pathToFileURL(path).href;
  await page.goto(url);
  return { page, requests: requests.filter((request) => request !== url), faults };
}

describe('an HTML document', () => {
  it('has a link to each session and each message, and folds what tools were given', {
    timeout: 60_000,
  }, async ({ skip }) => {
    const written = await documentOf(html, await storeWithTree(), { id: 'trip' });
    const { page, requests, faults } = await open(written, skip);
    expect(await page.title()).toBe('Plan a *trip*');
    const links = await page
      .locator('nav a')
      .evaluateAll((found) => found.map((link) => [link.getAttribute('href'), link.textContent]));
    expect(links).toEqual([
      ['#trip', 'Plan a *trip*'],
      ['#flights', 'Find flights'],
      ['#empty', 'empty'],
    ]);
    const targets = await page
      .locator('a')
      .evaluateAll((found) => found.map((link) => link.getAttribute('href')!.slice(1)));
    const ids = await page.locator('[id]').evaluateAll((found) => found.map(({ id }) => id));
    expect(ids).toEqual([
      'trip',
      'trip:0',
      'trip:1',
      'trip:2',
      'trip:3',
      'flights',
      'flights:0',
      'flights:1',
      'empty',
    ]);
    expect(targets.filter((target) => !ids.includes(target))).toEqual([]);
    const call = page.locator('[id="trip:1"] details.call').first();
    expect(await call.locator('summary').textContent()).toBe('weather secret-argument');
    expect(await call.locator('pre').isVisible()).toBe(false);
    await call.locator('summary').click();
    expect(await call.locator('pre').textContent()).toBe('{\n  "place": "secret-argument"\n}');
    const facts = await page.locator('#trip dl').innerText();
    expect(facts).toContain('1,300 tokens in (1,000 cached), 35 out, $0.3');
    const isWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    expect({ isWide, requests, faults }).toEqual({ isWide: false, requests: [], faults: [] });
  });

  it('shows every attack as the text that it is, requests nothing and runs nothing', {
    timeout: 60_000,
  }, async ({ skip }) => {
    const texts = ATTACKS.map((text) => ({ title: text, text }));
    const written = await documentOf(html, await storeWith(...texts), { id: 'top' });
    const { page, requests, faults } = await open(written, skip);
    for (const summary of await page.locator('main summary').all())
      await summary.evaluate((found: HTMLElement) => found.click());
    const found = await page.evaluate(() => ({
      attacked: (window as { attacked?: unknown }).attacked,
      elements: [...new Set([...document.querySelectorAll('*')].map(({ localName }) => localName))].sort(),
      attributes: [
        ...new Set([...document.querySelectorAll('*')].flatMap((each) => each.getAttributeNames())),
      ].sort(),
      links: [...document.querySelectorAll('a')].filter(
        (link) => !/^#[\w.:-]+$/.test(link.getAttribute('href')!),
      ).length,
      articles: document.querySelectorAll('main > section > article').length,
    }));
    expect(found).toEqual({
      attacked: undefined,
      elements:
        'a article body code dd details div dl dt h1 h2 h3 head header html li main meta nav ol pre section span strong style summary time title'.split(
          ' ',
        ),
      attributes:
        'aria-label charset class content datetime dir href http-equiv id lang name open style title'.split(
          ' ',
        ),
      links: 0,
      articles: 4 * ATTACKS.length,
    });
    // As it was written, but for controls, which are shown, and for marks of Markdown.
    const shown = await page
      .locator('article.tool pre')
      .evaluateAll((all) => all.map(({ textContent }) => textContent));
    const asWritten = ATTACKS.map((text) =>
      text.replaceAll(
        /(?!\n)\p{Cc}|[\u202e\u2066]/gu,
        (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
      ),
    );
    expect(shown).toEqual(asWritten);
    expect({ requests, faults }).toEqual({ requests: [], faults: [] });
  });

  it('that is redacted says which tools were called, and nothing that went in or came out', async () => {
    const directory = await storeWithTree();
    expect(await documentOf(html, directory, { id: 'trip' })).toMatch(SECRETS);
    const text = await documentOf(html, directory, { id: 'trip', isRedacted: true });
    expect(text).not.toMatch(SECRETS);
    expect(text).toContain('are left out.');
    expect(text).toMatch(/<code title="call-1">weather<\/code>.*left out.*Result of weather/s);
    expect(text).toContain('Two tools.');
  });

  it('forbids by its policy what it does not do', async () => {
    const written = await documentOf(html, await storeWithTree(), { id: 'trip' });
    expect(written).toContain(
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">`,
    );
    expect(written).not.toMatch(/<script|<link|<img|\bsrc=|url\(|@import/);
  });
});

it.each([
  ['## A `x<y>`', '<strong class="heading">A <code>x&lt;y&gt;</code></strong>'],
  ['**<b>** and ** none **', '<strong>&lt;b&gt;</strong> and ** none **'],
  ['`` ` `` and `open', '<code>`</code> and `open'],
  ['#no heading', '#no heading'],
])('a line of Markdown as HTML: %j', (line, expected) => {
  expect(formatted(line)).toBe(expected);
});
