import { createHash } from 'node:crypto';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import { GRAPHIQL_EXAMPLES } from '../graphiql-examples.ts';
import type { ServerPlugin } from '../plugin.ts';

/** GraphiQL for whoever asks for HTML: one page that loads nothing from anywhere else. */
export function useGraphiQL(): ServerPlugin {
  let page: { readonly html: string; readonly policy: string } | undefined;
  return {
    onRequest({ request, fetchAPI, endResponse }) {
      if (!asksForHtml(request)) return;
      // Some nine megabytes of text, made when it is first wanted: most servers are never asked for it.
      page ??= renderPage();
      endResponse(
        new fetchAPI.Response(page.html, {
          headers: {
            'content-type': 'text/html; charset=utf-8',
            'content-security-policy': page.policy,
            'referrer-policy': 'no-referrer',
            'cache-control': 'no-cache',
          },
        }),
      );
    },
  };
}

function asksForHtml(request: Request): boolean {
  return request.method === 'GET' && (request.headers.get('accept') ?? '').includes('text/html');
}

/** Tabs that are there from the start slide into place, and until the slide is settled swallow the first click on each. */
const SETTLED_TABS = '<style>.graphiql-tab { transform: none !important; }</style>';

function renderPage() {
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
