import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { PAGES, ROOT } from './support/documentation.ts';

const OTHERS = ['FORMAT.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'];

/** The pages of the other packages: they are published without the rest, where npm shows their links. */
const PACKAGES = [
  'client',
  'python',
  ...['ai-sdk', 'claude-agent-sdk', 'langgraph', 'openai-agents'].map((name) => `adapters/${name}`),
];

/** The text of a page without code blocks, which contain neither headings nor links. */
async function proseOf(file: string): Promise<string> {
  const text = await readFile(join(ROOT, file), 'utf8');
  return text.replaceAll(/^```.*?^```$/gms, '');
}

/** The anchors that GitHub gives a page's headings. */
async function anchorsOf(file: string): Promise<string[]> {
  const headings = [...(await proseOf(file)).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return headings.map((anchor, n) => {
    const earlier = headings.slice(0, n).filter((other) => other === anchor).length;
    return earlier === 0 ? anchor : `${anchor}-${earlier}`;
  });
}

/** The targets of a page's relative links and images, as paths from the root, with anchors. */
async function linksOf(file: string): Promise<{ path: string; anchor: string | undefined }[]> {
  const prose = (await proseOf(file)).replaceAll(/`[^`]*`/g, '');
  return [...prose.matchAll(/\]\((?!\w+:)([^)#]*)(?:#([^)]*))?\)/g)].map(([, path, anchor]) => ({
    path: path === '' ? file : relative(ROOT, join(ROOT, dirname(file), path!)),
    anchor,
  }));
}

test.each([...PAGES, ...OTHERS, ...PACKAGES.map((name) => `packages/${name}/README.md`)])(
  'each relative link of %s leads to a file, and to a heading in it',
  async (page) => {
    const dead: string[] = [];
    for (const { path, anchor } of await linksOf(page)) {
      if (!existsSync(join(ROOT, path))) dead.push(path);
      else if (anchor !== undefined && !(await anchorsOf(path)).includes(anchor))
        dead.push(`${path}#${anchor}`);
    }
    expect(dead).toEqual([]);
  },
);

test('README.md links to every page of docs/, and each is among the pages whose commands are run', async () => {
  const files = (await readdir(join(ROOT, 'docs'))).map((name) => `docs/${name}`);
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  for (const picture of files.filter((name) => name.endsWith('.png')))
    expect(readme).toContain(`"${picture}"`);
  const pages = files.filter((name) => name.endsWith('.md')).toSorted();
  expect(PAGES.slice(1).toSorted()).toEqual(pages);
  const linked = (await linksOf('README.md')).map(({ path }) => path);
  expect(linked).toEqual(expect.arrayContaining(pages));
});
