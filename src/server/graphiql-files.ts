import { createHash } from 'node:crypto';
import { GRAPHIQL_OPTIONS, GRAPHIQL_STYLE } from './graphiql-page.ts';
import { GRAPHIQL_TABS_SCRIPT } from './graphiql-tabs.ts';
import { GRAPHIQL_TOKEN_SCRIPT } from './graphiql-token.ts';
import { CACHED_FOREVER, createStaticFile, REVALIDATED, type StaticFile } from './static-file.ts';

/** The files of GraphiQL, ready to be served. */
export interface GraphiQLFiles {
  readonly page: StaticFile;
  /** The files that the page loads, by path. */
  readonly assets: ReadonlyMap<string, StaticFile>;
}

/** Loads and compresses some nine megabytes of text. The page is served at `path`, its assets below. */
export async function buildGraphiQLFiles(path: string): Promise<GraphiQLFiles> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const whole = renderGraphiQL(GRAPHIQL_OPTIONS)
    .replace('</head>', `<style>${GRAPHIQL_STYLE}</style></head>`)
    .replace('<script>', () => `<script>${GRAPHIQL_TABS_SCRIPT}${GRAPHIQL_TOKEN_SCRIPT}`);
  const { html, assets } = takeApart(whole, `${path}/assets/`);
  const page = await createStaticFile(html, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy(assets),
    'referrer-policy': 'no-referrer',
    // A POST to this address drops a browser's copy anyway.
    ...REVALIDATED,
    vary: 'Accept, Accept-Encoding',
  });
  const files = assets.map(
    async ({ path, kind, text }): Promise<[string, StaticFile]> => [
      path,
      await createStaticFile(text, {
        'content-type': CONTENT_TYPES[kind],
        ...CACHED_FOREVER,
        vary: 'Accept-Encoding',
      }),
    ],
  );
  return { page, assets: new Map(await Promise.all(files)) };
}

const CONTENT_TYPES = {
  script: 'text/javascript; charset=utf-8',
  style: 'text/css; charset=utf-8',
} as const;

interface Asset {
  readonly path: string;
  readonly kind: keyof typeof CONTENT_TYPES;
  readonly text: string;
  /** The hash for `integrity` and for the content security policy. */
  readonly integrity: string;
}

/** In UTF-16 units. Shorter styles stay in the page. */
const INLINE_STYLE_LENGTH_MAX = 10_000;

/** Moves scripts and styles out of the page into files, whose names change with their content. */
function takeApart(page: string, folder: string): { html: string; assets: Asset[] } {
  const assets: Asset[] = [];
  const html = page.replace(
    /<(script|style)>([\s\S]*?)<\/\1>/g,
    (element, kind: Asset['kind'], text: string) => {
      if (kind === 'style' && text.length < INLINE_STYLE_LENGTH_MAX) return element;
      const hash = createHash('sha256').update(text).digest();
      const name = `graphiql.${hash.toString('hex').slice(0, 16)}.${kind === 'script' ? 'js' : 'css'}`;
      const integrity = `sha256-${hash.toString('base64')}`;
      assets.push({ path: `${folder}${name}`, kind, text, integrity });
      // Relative to the page: a proxy may serve both under another path.
      const url = `.${folder}${name}`;
      return kind === 'script'
        ? `<script src="${url}" integrity="${integrity}"></script>`
        : `<link rel="stylesheet" href="${url}" integrity="${integrity}" />`;
    },
  );
  return { html, assets };
}

/** Only the page's own scripts may run, and only talk to this server. Nothing may frame the page. */
function contentSecurityPolicy(assets: readonly Asset[]): string {
  const scripts = assets.filter(({ kind }) => kind === 'script');
  return [
    "default-src 'none'",
    `script-src ${scripts.map(({ integrity }) => `'${integrity}'`).join(' ')}`,
    // The editor creates workers and styles at run time.
    'worker-src blob:',
    "style-src 'self' 'unsafe-inline'",
    'img-src data:',
    'font-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
