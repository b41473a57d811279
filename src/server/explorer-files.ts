import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { EXPLORER_PATH } from './paths.ts';
import { CACHED_FOREVER, createStaticFile, REVALIDATED, type StaticFile } from './static-file.ts';

/** Where the build puts the explorer: beside this file's folder in the package, in `dist/` beside the source. */
const FOLDER = join(
  import.meta.dirname,
  import.meta.filename.endsWith('.ts') ? '../../dist' : '..',
  'explorer',
);

/** The files of the explorer, ready to be served. */
export interface ExplorerFiles {
  readonly page: StaticFile;
  /** The files that the page loads, by path. */
  readonly assets: ReadonlyMap<string, StaticFile>;
}

/** False where the explorer was not built: an installation from source without devDependencies. */
export function isExplorerBuilt(): boolean {
  return existsSync(join(FOLDER, 'index.html'));
}

/** Reads and compresses the files, some 300 kB, for a server at `basePath`. Rejects if they cannot be read. */
export async function readExplorerFiles(basePath: string): Promise<ExplorerFiles> {
  const page = await createStaticFile(pageAt(basePath, await readFile(join(FOLDER, 'index.html'), 'utf8')), {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'referrer-policy': 'no-referrer',
    ...REVALIDATED,
    vary: 'Accept-Encoding',
  });
  const names = await readdir(join(FOLDER, 'assets'));
  const files = names.map(
    async (name): Promise<[string, StaticFile]> => [
      `${EXPLORER_PATH}assets/${name}`,
      await createStaticFile(await readFile(join(FOLDER, 'assets', name)), {
        'content-type': CONTENT_TYPES[extname(name)] ?? 'application/octet-stream',
        ...CACHED_FOREVER,
        vary: 'Accept-Encoding',
      }),
    ],
  );
  return { page, assets: new Map(await Promise.all(files)) };
}

/**
 * The page with the paths of its files, and with the base path for its scripts. The build names the files relative to the page, which is
 * served at many paths. A base path has no character that means something in HTML.
 */
function pageAt(basePath: string, html: string): string {
  return html
    .replaceAll('"./assets/', `"${basePath}${EXPLORER_PATH}assets/`)
    .replace('<meta name="base-path" content="" />', `<meta name="base-path" content="${basePath}" />`);
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Only the page's own scripts run, and only talk to this server. No text of a transcript becomes an element unless DOMPurify has made it
 * harmless, and none loads anything.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "require-trusted-types-for 'script'",
  'trusted-types dompurify',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
