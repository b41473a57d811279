import type { GraphiQLOptions } from 'graphql-yoga';
import { GRAPHIQL_EXAMPLES } from './graphiql-examples.ts';

/** The icon: a session and the sessions that it spawned. */
const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32" fill="none" stroke="#2f6f4f" ' +
  'stroke-width="2.5"><path d="M10 10v12h8M10 12h8"/><circle cx="10" cy="7" r="3.5"/><circle cx="21.5" cy="12" r="3.5"/>' +
  '<circle cx="21.5" cy="22" r="3.5"/></svg>';

/** The options of GraphiQL. GraphiQL knows one more than Yoga's type of them. */
export const GRAPHIQL_OPTIONS: GraphiQLOptions & { readonly defaultEditorToolsVisibility: boolean } = {
  title: 'Sessiontree',
  logo: LOGO,
  favicon: `data:image/svg+xml,${encodeURIComponent(LOGO)}`,
  defaultTabs: [...GRAPHIQL_EXAMPLES],
  // The examples have no variables. With the variables closed, the query editor is high enough to show the last line.
  defaultEditorToolsVisibility: false,
};

/**
 * Corrections of GraphiQL's own style. Tabs that exist from the start slide into place, and swallow the first click until they rest:
 * the slide is off. In a narrow window the answer goes below the query; side by side, neither would show a whole line.
 */
export const GRAPHIQL_STYLE = `
.graphiql-tab { transform: none !important; }
@media (max-width: 1000px) {
  #graphiql-session { flex-direction: column; }
}
`;
