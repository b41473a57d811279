import { useEffect, useMemo } from 'preact/hooks';
import { addressBar } from './address.ts';
import { DialogHost } from './doing/dialog-host.tsx';
import { ToastsView } from './doing/toasts-view.tsx';
import { loaded } from './parts/loaded.tsx';
import { Notice } from './parts/notice.tsx';
import { useObservable } from './parts/observable.ts';
import { SearchPane } from './search/search-pane.tsx';
import { TopBar } from './top-bar.tsx';
import { SessionPane } from './transcript/session-pane.tsx';
import { OpenTree } from './tree/open-tree.ts';
import { TreePane } from './tree/tree-pane.tsx';
import { TreesList } from './trees/trees-list.ts';
import { TreesPane } from './trees/trees-pane.tsx';

const list = new TreesList();

const UsagePane = loaded<object>(async () => (await import('./usage/usage-pane.tsx')).UsagePane);
const ComparePane = loaded<{ ids: readonly [string, string] }>(
  async () => (await import('./compare/compare-pane.tsx')).ComparePane,
);

/** The page: the list of trees, the tree that is open, and the session of it that is open. */
export function App() {
  const { now } = useObservable(addressBar);
  const { rootId, sessionId } = now;
  const tree = useMemo(() => (rootId === null ? null : new OpenTree(rootId)), [rootId]);
  useEffect(() => () => tree?.close(), [tree]);
  // On a phone, one pane is shown.
  const pane =
    now.page !== 'trees' ? 'tree' : rootId === null ? 'trees' : sessionId === null ? 'tree' : 'session';
  return (
    <div class="app" data-pane={pane}>
      <TopBar list={list} tree={tree} />
      <main class="panes">
        <TreesPane list={list} />
        {now.page === 'search' ? (
          <SearchPane query={now.query} within={now.within} />
        ) : now.page === 'usage' ? (
          <UsagePane />
        ) : now.compared ? (
          <ComparePane key={now.compared.join(' ')} ids={now.compared} />
        ) : tree ? (
          <>
            <TreePane tree={tree} />
            <SessionPane tree={tree} sessionId={sessionId ?? tree.id} />
          </>
        ) : (
          <section class="pane is-wide tree-pane">
            <Notice title="Choose a tree">
              <p>Its agents, what they said, and what they cost are shown here, and grow while they work.</p>
            </Notice>
          </section>
        )}
      </main>
      <DialogHost />
      <ToastsView />
    </div>
  );
}
