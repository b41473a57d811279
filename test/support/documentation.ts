import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** The pages for users. Running all their commands in this order gives the answers that they show. */
export const PAGES = [
  'README.md',
  'docs/client.md',
  'docs/agents.md',
  'docs/trees.md',
  'docs/watching.md',
  'docs/explorer.md',
  'docs/mcp.md',
  'docs/import-and-export.md',
  'docs/import.md',
  'docs/web-pages.md',
  'docs/configuration.md',
  'docs/deployment.md',
  'docs/security.md',
  'docs/errors.md',
  'docs/data-directory.md',
  'docs/postgres.md',
  'docs/scale.md',
  'docs/performance.md',
  'docs/embedding.md',
] as const;

/** One of them, or the page of a package in the registry. */
export type Page = (typeof PAGES)[number] | `packages/${string}/README.md`;

export interface Block {
  readonly page: Page;
  readonly language: string;
  readonly code: string;
}

/** Matches the first line of a code block that is a file of a client's project: a comment with the file's name. */
export const CLIENT_FILE = /^(?:\/\/|#) ([\w/-]+(?:\.[\w]+)+)\n/;

export function readPage(page: Page): Promise<string> {
  return readFile(join(ROOT, page), 'utf8');
}

/** The code blocks of the given pages, in order. */
export async function readBlocks(...pages: readonly Page[]): Promise<Block[]> {
  const texts = await Promise.all(pages.map(readPage));
  return texts.flatMap((text, n) =>
    [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, code]) => ({
      page: pages[n]!,
      language: language!,
      code: code!.trim(),
    })),
  );
}
