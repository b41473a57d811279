import { useEffect, useMemo } from 'preact/hooks';
import { addressBar } from './address.ts';
import { access } from './api/access.ts';
import { signIn } from './api/sign-in.ts';
import { DialogHost } from './doing/dialog-host.tsx';
import { ToastsView } from './doing/toasts-view.tsx';
import { loaded } from './parts/loaded.tsx';
import { Notice } from './parts/notice.tsx';
import { useObservable } from './parts/observable.ts';
import { SearchPane } from './search/search-pane.tsx';
import { TopBar } from './top-bar.tsx';
import { OpenTree } from './tree/open-tree.ts';
import { TreePane } from './tree/tree-pane.tsx';
import { TreesList } from './trees/trees-list.ts';
import { TreesPane } from './trees/trees-pane.tsx';

/** By then the list is there, and the person reads. */
const WHILE_READING_MS = 500;

const SignInDialog = loaded<object>(async () => (await import('./sign-in/sign-in-dialog.tsx')).SignInDialog);

const list = new TreesList();

const sessionPane = () => import('./transcript/session-pane.tsx');
const SessionPane = loaded<{ tree: OpenTree; sessionId: string }>(
  async () => (await sessionPane()).SessionPane,
);
const UsagePane = loaded<object>(async () => (await import('./usage/usage-pane.tsx')).UsagePane);
const ComparePane = loaded<{ ids: readonly [string, string] }>(
  async () => (await import('./compare/compare-pane.tsx')).ComparePane,
);

/** The page: the list of trees, the tree that is open, and the session of it that is open. */
export function App() {
  const { now } = useObservable(addressBar);
  const { token, isAsked } = useObservable(signIn);
  useObservable(access);
  useEffect(() => void access.read(), [token]);
  const { rootId, sessionId } = now;
  const tree = useMemo(() => (rootId === null ? null : new OpenTree(rootId)), [rootId]);
  useEffect(() => () => tree?.close(), [tree]);
  // The list comes first; a tree that is opened then waits for no code.
  useEffect(() => void setTimeout(sessionPane, WHILE_READING_MS), []);
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
      {isAsked && <SignInDialog />}
      <ToastsView />
    </div>
  );
}
