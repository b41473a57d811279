import { useEffect, useMemo, useState } from 'preact/hooks';
import { NO_TREE, sessionAddress } from '../address.ts';
import { nameIn } from '../doing/name-in.ts';
import { comparison as comparisonAddress } from '../doing/session-actions.ts';
import { ComparedDocument } from '../generated/operations.ts';
import { useAsked } from '../parts/asked.ts';
import { BackButton } from '../parts/back-button.tsx';
import { cost, counted } from '../parts/format.ts';
import { Link } from '../parts/link.tsx';
import { StatusMark } from '../parts/marks.tsx';
import { Notice } from '../parts/notice.tsx';
import { useObservable } from '../parts/observable.ts';
import { useTitle } from '../parts/title.ts';
import { Comparison, type IdAndRoot, type Side } from './comparison.ts';
import { SomeMessages } from './some-messages.tsx';

/** Two sessions side by side, from where they part. */
export function ComparePane({ ids }: { ids: readonly [string, string] }) {
  const { data, error, retry } = useAsked(ComparedDocument, { ids: [...ids] });
  const found = data?.nodes.flatMap((node) => (node ? [node as IdAndRoot] : []));
  useTitle('Compare');
  return (
    <section class="pane is-wide tree-pane compare-pane" aria-label="Compare">
      <div class="bar">
        <BackButton label="All trees" to={NO_TREE} />
        <h2>Compare</h2>
        <span class="grow" />
        <Link class="chip" to={comparisonAddress(ids[1], ids[0])}>
          Swap
        </Link>
      </div>
      {found?.length === 2 ? (
        <Body compared={[found[0]!, found[1]!]} />
      ) : found ? (
        <Gone />
      ) : error ? (
        <Notice title="The sessions could not be read" onRetry={retry}>
          <p>{error.message}</p>
        </Notice>
      ) : null}
    </section>
  );
}

function Gone() {
  return (
    <Notice title="There is no such session">
      <p>One of the two was deleted.</p>
    </Notice>
  );
}

function Body({ compared }: { compared: readonly [IdAndRoot, IdAndRoot] }) {
  const comparison = useMemo(() => new Comparison(compared), []);
  useEffect(() => () => comparison.close(), [comparison]);
  const { common, error, sides, isGone } = useObservable(comparison);
  const [isOpen, setOpen] = useState(false);
  if (error)
    return (
      <Notice title="The histories could not be compared" onRetry={() => void comparison.count()}>
        <p>{error.message}</p>
      </Notice>
    );
  if (isGone) return <Gone />;
  if (common === null)
    return <div class="scroll skeleton" role="progressbar" aria-label="Comparing the histories" />;
  return (
    <section
      class="scroll"
      aria-label="Both histories"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
      tabIndex={0}
    >
      {common === 0 ? (
        <p class="common dim">Nothing in common: they differ from the first message on.</p>
      ) : (
        <details class="common" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
          <summary class="number">
            <span class="chevron" aria-hidden="true" />
            {counted(common, 'message')} in common
          </summary>
          {isOpen && <SomeMessages side={sides[0]} start={0} end={common} />}
        </details>
      )}
      <div class="columns">
        {sides.map((side) => (
          <Column key={side.id} side={side} common={common} />
        ))}
      </div>
    </section>
  );
}

function Column({ side, common }: { side: Side; common: number }) {
  const { tree, transcript, id } = side;
  useObservable(tree);
  useObservable(transcript);
  const session = tree.rows.find(id);
  const length = transcript.length ?? 0;
  const name = nameIn(tree, id);
  return (
    <section class="column" aria-label={name}>
      <div class="column-head">
        {session && <StatusMark status={session.status} />}
        <Link class="cut" to={sessionAddress(tree.id, id)}>
          <b>{name}</b>
        </Link>
        <span class="grow" />
        <span class="number faint">
          {counted(Math.max(length - common, 0), 'message')} of its own
          {session?.usage.costUsd != null && `, ${cost(session.usage.costUsd)}`}
        </span>
      </div>
      {length <= common ? (
        <p class="column-end dim">Nothing after what they have in common.</p>
      ) : (
        <SomeMessages side={side} start={common} end={length} />
      )}
    </section>
  );
}
