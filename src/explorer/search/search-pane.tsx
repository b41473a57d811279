import { useEffect, useMemo } from 'preact/hooks';
import { addressBar, NO_TREE, sessionAddress } from '../address.ts';
import { SessionTitleDocument } from '../generated/operations.ts';
import { useAsked } from '../parts/asked.ts';
import { BackButton } from '../parts/back-button.tsx';
import { age, counted, nameOf } from '../parts/format.ts';
import { Link } from '../parts/link.tsx';
import { StatusMark } from '../parts/marks.tsx';
import { Notice } from '../parts/notice.tsx';
import { useObservable } from '../parts/observable.ts';
import { useTitle } from '../parts/title.ts';
import { visible } from '../parts/visible.ts';
import { Found, type Hit, type TitleHit } from './found.ts';

/** What was found, with links straight to the messages. */
export function SearchPane({ query, within }: { query: string; within: string | null }) {
  const found = useMemo(() => new Found(query, within), [query, within]);
  useEffect(() => () => found.close(), [found]);
  useObservable(found);
  useTitle(query || 'Search');
  const { titles, hits, total, isComplete, isLoading, error } = found;
  return (
    <section class="pane is-wide tree-pane search-pane" aria-label="Search">
      <div class="bar">
        <BackButton label="All trees" to={NO_TREE} />
        <h2>{query ? `“${visible(query)}”` : 'Search'}</h2>
        <span class="dim number" role="status">
          {total === null ? '' : counted(total, 'message')}
        </span>
        <span class="grow" />
        {within !== null && <WithinChip id={within} />}
      </div>
      {!isComplete && (
        <p class="banner" role="status">
          The search index is still being built: there may be more than this.{' '}
          <button type="button" class="chip" disabled={isLoading} onClick={() => void found.read(true)}>
            Search again
          </button>
        </p>
      )}
      <section
        class="scroll"
        aria-label="What was found"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        tabIndex={0}
      >
        {titles.length > 0 && <h3 class="search-heading">Sessions</h3>}
        {titles.map((session) => (
          <TitleRow key={session.id} session={session} />
        ))}
        {titles.length > 0 && hits.length > 0 && <h3 class="search-heading">Messages</h3>}
        {hits.map((hit) => (
          <HitRow key={hit.node.id} hit={hit} />
        ))}
        {error && (
          <Notice title="The search failed" onRetry={() => void found.read()}>
            <p>{error.message}</p>
          </Notice>
        )}
        {query === '' ? (
          <Notice title="What are you looking for?">
            <p>
              {within === null ? 'Titles and messages' : 'Messages'}, with their reasoning and tool calls,
              that have all of your words. <Hints />
            </p>
          </Notice>
        ) : (
          !error &&
          !isLoading &&
          isComplete &&
          hits.length === 0 &&
          titles.length === 0 && (
            <Notice title="Nothing has all of these words">
              <p>
                Fewer words find more. <Hints />
              </p>
            </Notice>
          )
        )}
        {found.hasMore && !error && (
          <button
            type="button"
            class="chip search-more"
            disabled={isLoading}
            onClick={() => void found.read()}
          >
            More
          </button>
        )}
      </section>
    </section>
  );
}

/** What can be typed beside words. */
function Hints() {
  return (
    <>
      <span class="mono">pay*</span> finds what begins so, and <span class="mono">"two words"</span> both in
      this order.
    </>
  );
}

/** Where is searched. */
function WithinChip({ id }: { id: string }) {
  const { data } = useAsked(SessionTitleDocument, { id });
  const name = data ? visible(nameOf(data.session?.title, null)) : '…';
  return (
    <button
      type="button"
      class="chip"
      aria-pressed="true"
      aria-label={`Within “${name}”: search everywhere`}
      onClick={() => addressBar.go({ within: null })}
    >
      Within “{name}” ×
    </button>
  );
}

function TitleRow({ session }: { session: TitleHit }) {
  return (
    <Link class="hit" to={sessionAddress(session.rootId, session.id)}>
      <span class="hit-head">
        <StatusMark status={session.status} />
        <b class="cut">{visible(nameOf(session.title, null))}</b>
        {session.agentName && <span class="cut">{visible(session.agentName)}</span>}
        <span class="grow" />
        <time dateTime={session.lastActiveAt}>{age(session.lastActiveAt)}</time>
      </span>
    </Link>
  );
}

function HitRow({ hit: { node, snippetParts } }: { hit: Hit }) {
  const { session } = node;
  const isRoot = session.id === session.rootId;
  return (
    <Link class="hit" to={sessionAddress(session.rootId, session.id, node.id)}>
      <span class="hit-head">
        <b class="cut">{visible(nameOf(session.title, null))}</b>
        {!isRoot && <span class="cut">in {visible(nameOf(session.root.title, null))}</span>}
        <span class="cut">{visible(node.name ?? node.role.toLowerCase())}</span>
        <span class="grow" />
        <span class="number">#{node.position}</span>
        <time dateTime={node.createdAt}>{age(node.createdAt)}</time>
      </span>
      <span class="hit-text">
        {snippetParts.map(({ text, isMatch }, n) =>
          isMatch ? <mark key={n}>{visible(text)}</mark> : visible(text),
        )}
      </span>
    </Link>
  );
}
