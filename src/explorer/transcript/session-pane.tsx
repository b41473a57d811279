import { useEffect, useLayoutEffect, useMemo, useState } from 'preact/hooks';
import { addressBar, type SessionView, sessionAddress } from '../address.ts';
import { access } from '../api/access.ts';
import { setArchived } from '../doing/actions.ts';
import { Composer } from '../doing/composer.tsx';
import { dialogs } from '../doing/dialogs.ts';
import { renaming } from '../doing/renaming.ts';
import { comparison } from '../doing/session-actions.ts';
import { SessionMenu } from '../doing/session-menu.tsx';
import { TitleField } from '../doing/title-field.tsx';
import { attempt } from '../doing/toasts.ts';
import { BackButton } from '../parts/back-button.tsx';
import { nameOf } from '../parts/format.ts';
import { Link } from '../parts/link.tsx';
import { loaded } from '../parts/loaded.tsx';
import { Notice } from '../parts/notice.tsx';
import { useObservable } from '../parts/observable.ts';
import { visible } from '../parts/visible.ts';
import type { OpenTree } from '../tree/open-tree.ts';
import { Drafts } from './drafts.ts';
import { OpenTranscript } from './open-transcript.ts';
import { Transcript } from './transcript.tsx';

const SessionDetails = loaded<{ tree: OpenTree; sessionId: string }>(
  async () => (await import('../details/session-details.tsx')).SessionDetails,
);

/** The session that is open: what is above it, and its transcript. */
export function SessionPane({ tree, sessionId }: { tree: OpenTree; sessionId: string }) {
  useObservable(tree);
  const { now } = useObservable(addressBar);
  const origin = tree.rows.find(sessionId)?.forkedFrom?.sessionId;
  const tab = (view: SessionView, label: string) => (
    <button
      type="button"
      class="chip"
      aria-pressed={now.sessionView === view}
      onClick={() => addressBar.go({ sessionView: view })}
    >
      {label}
    </button>
  );
  const transcript = useMemo(() => new OpenTranscript(sessionId), [sessionId]);
  useObservable(transcript);
  const drafts = useMemo(() => new Drafts(sessionId), [sessionId]);
  useEffect(() => () => transcript.close(), [transcript]);
  useEffect(() => () => drafts.close(), [drafts]);
  // At once: the transcript is being read already, and would miss what happened before it watches.
  useLayoutEffect(
    () => tree.watch((changes, isReset) => transcript.take(changes, isReset)),
    [tree, transcript],
  );
  return (
    <section class="pane session-pane" aria-label="Session">
      <h2 class="unseen">{now.sessionView === 'details' ? 'Details' : 'Transcript'}</h2>
      <div class="bar">
        <BackButton label="The tree" to={sessionAddress(tree.id, null)} />
        <Crumbs tree={tree} sessionId={sessionId} />
        <span class="grow" />
        {!transcript.isGone && (
          <>
            {tab('transcript', 'Transcript')}
            {tab('details', 'Details')}
            {origin && (
              <Link class="chip is-spare" to={comparison(origin, sessionId)}>
                Compare
              </Link>
            )}
            {access.mayWrite && (
              <button
                type="button"
                class="chip is-spare"
                onClick={() => dialogs.show({ kind: 'fork', tree, sessionId, message: null })}
              >
                Fork
              </button>
            )}
            <SessionMenu tree={tree} sessionId={sessionId} />
          </>
        )}
      </div>
      <SessionBody tree={tree} transcript={transcript} drafts={drafts} />
    </section>
  );
}

function SessionBody({
  tree,
  transcript,
  drafts,
}: {
  tree: OpenTree;
  transcript: OpenTranscript;
  drafts: Drafts;
}) {
  const [sentCount, setSentCount] = useState(0);
  const { state, error, head } = transcript;
  if (state === 'missing')
    return (
      <Notice title="There is no such session here">
        <p>It may have been deleted, or moved to another tree, or belong to somebody else.</p>
      </Notice>
    );
  if (state === 'deleted') return <Notice title="This session was deleted" />;
  if (state === 'failed')
    return (
      <Notice title="The session could not be read" onRetry={() => void transcript.open()}>
        <p>{error?.message}</p>
      </Notice>
    );
  const isArchived = (tree.rows.find(transcript.sessionId) ?? head)?.archivedAt != null;
  return (
    <>
      {isArchived && (
        <p class="banner">
          Archived: it takes no messages until it is unarchived.{' '}
          {access.mayWrite && (
            <button
              type="button"
              class="chip"
              onClick={() => void attempt(() => setArchived(tree, transcript.sessionId, false))}
            >
              Unarchive
            </button>
          )}
        </p>
      )}
      {head && head.damage.length > 0 && (
        <p class="banner is-fault" role="status">
          Damaged, and shown without that part:{' '}
          {head.damage
            .map(({ line, reason }) => (line === null ? reason : `line ${line}: ${reason}`))
            .join('; ')}
        </p>
      )}
      {state === 'loading' ? (
        <div class="scroll skeleton" role="progressbar" aria-label="Reading the session" />
      ) : addressBar.now.sessionView === 'details' ? (
        <SessionDetails tree={tree} sessionId={transcript.sessionId} />
      ) : (
        <Transcript
          key={transcript.sessionId}
          tree={tree}
          transcript={transcript}
          drafts={drafts}
          sentCount={sentCount}
        />
      )}
      {access.mayWrite && !isArchived && addressBar.now.sessionView === 'transcript' && (
        <Composer
          key={transcript.sessionId}
          sessionId={transcript.sessionId}
          onSent={() => setSentCount(sentCount + 1)}
        />
      )}
    </>
  );
}

/** What is above the session, and the session. Of a deep one, the first and the last ones. */
function Crumbs({ tree, sessionId }: { tree: OpenTree; sessionId: string }) {
  useObservable(renaming);
  const session = tree.rows.find(sessionId);
  const above = tree.rows.ancestorsOf(sessionId);
  const shown = above.length > 3 ? [above[0]!, null, above.at(-1)!] : above;
  const named = (id: string, title: string | null) => visible(nameOf(title, tree.firstWordsOf(id)));
  // What is above leaves its room to the field.
  if (renaming.isAt(sessionId, 'bar'))
    return (
      <div class="crumbs is-renaming">
        <TitleField tree={tree} sessionId={sessionId} />
      </div>
    );
  return (
    <nav class="crumbs" aria-label="Above the session">
      {shown.map((ancestor, n) => (
        <>
          {ancestor ? (
            <Link class="cut" key={ancestor.id} to={sessionAddress(tree.id, ancestor.id)}>
              {named(ancestor.id, ancestor.title)}
            </Link>
          ) : (
            <span key={n}>…</span>
          )}
          <span class="faint">/</span>
        </>
      ))}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the key F2 does the same */}
      <b class="cut" onDblClick={() => renaming.start(sessionId, 'bar')}>
        {session ? named(session.id, session.title) : ''}
      </b>
    </nav>
  );
}
