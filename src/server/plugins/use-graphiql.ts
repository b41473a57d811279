import { createHash } from 'node:crypto';
import { GRAPHIQL_EXAMPLES } from '../graphiql-examples.ts';
import type { ServerPlugin } from '../plugin.ts';

/** GraphiQL for whoever asks for HTML: one page that loads nothing from anywhere else. */
export function useGraphiQL(): ServerPlugin {
  let page: Promise<Page> | undefined;
  return {
    onRequest({ request, fetchAPI, endResponse }) {
      if (!asksForHtml(request)) return;
      page ??= renderPage().catch((error) => {
        // As where too many files are open: the next may have more luck.
        page = undefined;
        throw error;
      });
      return page.then(({ html, policy }) =>
        endResponse(
          new fetchAPI.Response(html, {
            headers: {
              'content-type': 'text/html; charset=utf-8',
              'content-security-policy': policy,
              'referrer-policy': 'no-referrer',
              'cache-control': 'no-cache',
            },
          }),
        ),
      );
    },
  };
}

function asksForHtml(request: Request): boolean {
  return request.method === 'GET' && (request.headers.get('accept') ?? '').includes('text/html');
}

/** Tabs that are there from the start slide into place, and until the slide is settled swallow the first click on each. */
const SETTLED_TABS = '<style>.graphiql-tab { transform: none !important; }</style>';

interface Page {
  readonly html: string;
  readonly policy: string;
}

/** Some nine megabytes of text, loaded when it is first wanted: most servers are never asked for it. */
async function renderPage(): Promise<Page> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({ title: 'Sessiontree', defaultTabs: [...GRAPHIQL_EXAMPLES] }).replace(
    '</head>',
    `${SETTLED_TABS}</head>`,
  );
  return { html, policy: contentSecurityPolicy(html) };
}

/** What the page holds may run, and it may talk to this server; nothing else may run, load or frame it. */
function contentSecurityPolicy(html: string): string {
  const scripts = html.matchAll(/<script>([\s\S]*?)<\/script>/g);
  const hashes = [...scripts].map(([, script]) => `'sha256-${sha256(script!)}'`);
  return [
    "default-src 'none'",
    `script-src ${hashes.join(' ')}`,
    // The editor makes its workers and its styles as it runs.
    'worker-src blob:',
    "style-src 'unsafe-inline'",
    'img-src data:',
    'font-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
