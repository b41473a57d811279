import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CLIENT_FILE, type Page, ROOT, readBlocks } from '../../../test/support/documentation.ts';

/** An example of the documentation: a program without its first lines. */
export interface Example {
  /** Where it is shown. */
  readonly place: string;
  readonly code: string;
}

const SRC = join(ROOT, 'packages/client/src');

/** The examples in docstrings, from `@example` to the end of the comment. */
export async function docstringExamples(): Promise<Example[]> {
  const files = (await readdir(SRC)).filter((file) => file.endsWith('.ts')).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(join(SRC, file), 'utf8')));
  return texts.flatMap((text, n) =>
    [...text.matchAll(/^ *\* @example\n((?: *\* .*\n)+) *\*\/\n *(.*)/gm)].map(([, lines, below]) => ({
      place: `${files[n]}: ${below!.replace(/[({<].*/, '').trim()}`,
      code: lines!.replaceAll(/^ *\* /gm, ''),
    })),
  );
}

/** The programs that a page shows, in order, apart from those of other clients. */
export async function pageExamples(page: Page): Promise<Example[]> {
  const blocks = (await readBlocks(page)).filter(
    ({ language, code }) => language === 'ts' && !CLIENT_FILE.test(code),
  );
  return blocks.map(({ code }, n) => ({ place: `${page}: program ${n + 1}`, code }));
}

/** A module that runs an example: it declares what the example leaves out. */
export function programOf({ code }: Example, url: string): string {
  const here = code.replaceAll('http://localhost:4000/graphql', url);
  const isComplete = /^import \{ Sessiontree\b/m.test(code);
  const client = isComplete ? '' : `const client = new Sessiontree('${url}');\n`;
  return `${isComplete ? '' : "import { Sessiontree } from '@sessiontree/client';\n"}${client}${here}\nexport {};\n`;
}
