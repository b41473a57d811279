import { useEffect, useRef, useState } from 'preact/hooks';
import { addressBar, NO_TREE } from './address.ts';
import { access } from './api/access.ts';
import type { FeedState } from './api/feed.ts';
import { signIn } from './api/sign-in.ts';
import { counted } from './parts/format.ts';
import { Help } from './parts/help.tsx';
import { onKey, withMod } from './parts/keys.ts';
import { Link } from './parts/link.tsx';
import { Brand, SearchMark, SignOutMark, UsageMark } from './parts/marks.tsx';
import { useObservable } from './parts/observable.ts';
import { useText } from './parts/text.ts';
import { toggleTheme } from './parts/theme.ts';
import type { OpenTree } from './tree/open-tree.ts';
import type { TreesList } from './trees/trees-list.ts';

const WORDS: Record<FeedState, string> = {
  connecting: 'Connecting',
  live: 'Live',
  resuming: 'Server away, resuming',
  ended: 'Not live',
};

/** Search, and whether what is shown is up to date. */
export function TopBar({ list, tree }: { list: TreesList; tree: OpenTree | null }) {
  useObservable(list);
  const { feed } = tree ?? list;
  const { state, error } = useObservable(feed);
  const { token } = useObservable(signIn);
  const [isHelping, setHelping] = useState(false);
  useEffect(() => onKey({ '?': () => setHelping(true) }), []);
  return (
    <header class="top">
      {/* Of the page: which panes are in sight depends on its width. */}
      <h1 class="unseen">Sessiontree</h1>
      <Brand />
      <SearchBox />
      <span class={`live is-${state}`} role="status" title={error?.message}>
        <i />
        <span>{WORDS[state]}</span>
      </span>
      <span class="live number store-size">
        {list.sessionCount === null ? '' : counted(list.sessionCount, 'session')}
      </span>
      {access.isReadOnly && <span class="tag">Read only</span>}
      <Link class="icon-button" to={{ ...NO_TREE, page: 'usage' }} aria-label="Usage" title="Usage">
        <UsageMark />
      </Link>
      <button type="button" class="icon-button" aria-label="Light or dark" onClick={toggleTheme}>
        ◐
      </button>
      <button type="button" class="icon-button" aria-label="Keys" onClick={() => setHelping(true)}>
        ?
      </button>
      {token !== null && (
        <button
          type="button"
          class="icon-button"
          aria-label="Sign out"
          title="Sign out"
          onClick={() => signIn.signOut()}
        >
          <SignOutMark />
        </button>
      )}
      {isHelping && <Help onClose={() => setHelping(false)} />}
    </header>
  );
}

function SearchBox() {
  const { now } = useObservable(addressBar);
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useText(now.query);
  useEffect(() => onKey({ 'mod+k': () => input.current?.select() }), []);
  const isToBegin = now.page === 'search' && now.query === '';
  useEffect(() => {
    if (isToBegin) input.current?.focus();
  }, [isToBegin]);
  return (
    <search class="search-box">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const query = text.trim();
          if (query) addressBar.go({ page: 'search', query });
        }}
      >
        <SearchMark />
        <input
          ref={input}
          type="search"
          aria-label="Search messages, titles, tool calls"
          placeholder="Search messages, titles, tool calls"
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
        <kbd>{withMod('K')}</kbd>
      </form>
    </search>
  );
}
