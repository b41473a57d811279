import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { addressBar, NO_TREE, sessionAddress } from '../address.ts';
import { type DragToMove, OWN_TREE, useDragToMove } from '../doing/drag.ts';
import { marked } from '../doing/marked.ts';
import { renaming } from '../doing/renaming.ts';
import { BackButton } from '../parts/back-button.tsx';
import { count, nameOf } from '../parts/format.ts';
import { onKey } from '../parts/keys.ts';
import { Notice } from '../parts/notice.tsx';
import { useObservable } from '../parts/observable.ts';
import { useTitle } from '../parts/title.ts';
import { visible } from '../parts/visible.ts';
import type { OpenTree } from './open-tree.ts';
import { Timeline, TimelineHead } from './timeline.tsx';
import { LETTERS, stepIn } from './tree-keys.ts';
import { clickedRow, TREE_ROW_HEIGHT, TreeRow, treeRowId } from './tree-row.tsx';
import { TreeSums } from './tree-sums.tsx';

/** The tree that is open, as rows or as a timeline. */
export function TreePane({ tree }: { tree: OpenTree }) {
  const { now } = useObservable(addressBar);
  useObservable(tree);
  const { root } = tree.rows;
  const name = root && visible(nameOf(root.title, tree.firstWordsOf(root.id)));
  useTitle(name);
  const tab = (view: 'tree' | 'timeline', label: string) => (
    <button
      type="button"
      class="chip"
      aria-pressed={now.treeView === view}
      onClick={() => addressBar.go({ treeView: view })}
    >
      {label}
    </button>
  );
  return (
    <section class="pane tree-pane" aria-label="Tree">
      <div class="bar">
        <BackButton label="All trees" to={NO_TREE} />
        <h2 title={name}>{name ?? 'Tree'}</h2>
        <span class="grow" />
        {tab('tree', 'Tree')}
        {tab('timeline', 'Timeline')}
      </div>
      <TreeBody tree={tree} isTimeline={now.treeView === 'timeline'} selected={now.sessionId ?? tree.id} />
      {root && <TreeSums tree={tree} />}
    </section>
  );
}

function TreeBody({ tree, isTimeline, selected }: { tree: OpenTree; isTimeline: boolean; selected: string }) {
  const drag = useDragToMove(tree);
  if (tree.state === 'missing' || tree.state === 'deleted')
    return (
      <Notice title={tree.state === 'deleted' ? 'This tree was deleted' : 'There is no such session'}>
        <p>
          Its id is <span class="mono">{visible(tree.id)}</span>.
        </p>
      </Notice>
    );
  if (tree.state === 'failed')
    return (
      <Notice title="The tree could not be read" onRetry={() => void tree.read()}>
        <p>{tree.error?.message}</p>
      </Notice>
    );
  if (tree.state === 'loading')
    return <div class="scroll skeleton" role="progressbar" aria-label="Reading the tree" />;
  return (
    <>
      {drag.isDragging ? (
        <div class={drag.over === OWN_TREE ? 'tree-drop is-taking' : 'tree-drop'} {...drag.onOwnTree}>
          Drop it here: a tree of its own
        </div>
      ) : isTimeline ? (
        <TimelineHead tree={tree} />
      ) : (
        <div class="tree-head" aria-hidden="true">
          <span>Session</span>
          <span>Messages</span>
          <span>Cost</span>
        </div>
      )}
      <Rows tree={tree} isTimeline={isTimeline} selected={selected} drag={drag} />
      {tree.hasMore && !tree.isReading && <MoreSessions tree={tree} />}
    </>
  );
}

interface RowsProps {
  readonly tree: OpenTree;
  readonly isTimeline: boolean;
  readonly selected: string;
  readonly drag: DragToMove;
}

function Rows({ tree, isTimeline, selected, drag }: RowsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = tree.rows.shown;
  useObservable(marked);
  useObservable(renaming);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => TREE_ROW_HEIGHT,
    getItemKey: (n) => rows[n]!.session.id,
    overscan: 10,
  });
  const items = virtualizer.getVirtualItems();
  const active = Math.max(
    rows.findIndex(({ session }) => session.id === selected),
    0,
  );
  // One further down in a large tree is read after the first ones.
  const isThere = tree.rows.find(selected) !== undefined;
  useLayoutEffect(() => tree.reveal(selected), [tree, selected, isThere]);
  // Only when another session is opened: who scrolls away stays there.
  useEffect(() => {
    const at = tree.rows.shown.findIndex(({ session }) => session.id === selected);
    if (at !== -1) virtualizer.scrollToIndex(at);
  }, [virtualizer, tree, selected, isThere]);
  const untitled = items.flatMap(({ index }) => {
    const { session } = rows[index]!;
    return session.title === null && session.messageCount > 0 ? [session.id] : [];
  });
  useEffect(() => void tree.readFirstWords(untitled), [tree, untitled.join()]);

  const press = (event: KeyboardEvent) => {
    const step = stepIn(rows, active, event);
    if (!step) return;
    event.preventDefault();
    if (step.kind === 'open') tree.open(step.id, step.isOpen);
    else if (step.kind === 'openAll') tree.openAll(tree.id, true);
    else if (step.kind === 'openBeside')
      for (const { session } of rows.filter(isBeside(rows[active]!))) tree.open(session.id, true);
    else addressBar.go(sessionAddress(tree.id, step.id), true);
  };
  useEffect(() => onKey(Object.fromEntries(LETTERS.map((key) => [key, press]))));
  const click = (event: MouseEvent) => {
    const clicked = clickedRow(event);
    if (!clicked) return;
    const { id, isToggle } = clicked;
    const row = rows.find(({ session }) => session.id === id)!;
    if (event.ctrlKey || event.metaKey) marked.mark(id);
    else if (!isToggle) addressBar.go(sessionAddress(tree.id, id));
    else if (event.altKey) tree.openAll(id, !row.isOpen);
    else tree.open(id, !row.isOpen);
  };
  const rename = (event: MouseEvent) => {
    const clicked = clickedRow(event);
    if (clicked && !clicked.isToggle) renaming.start(clicked.id, 'row');
  };
  return (
    <div
      class="scroll"
      ref={scroller}
      role="tree"
      aria-label="Sessions"
      tabIndex={0}
      aria-activedescendant={rows[active] && treeRowId(rows[active].session.id)}
      onKeyDown={press}
      onClick={click}
      onDblClick={rename}
      {...drag.onRows}
    >
      {isTimeline ? (
        <Timeline tree={tree} items={items} total={virtualizer.getTotalSize()} selected={selected} />
      ) : (
        <div class="rows" role="none" style={{ height: virtualizer.getTotalSize() }}>
          {items.map(({ index, key, start }) => (
            <TreeRow
              key={key}
              row={rows[index]!}
              tree={tree}
              start={start}
              isSelected={rows[index]!.session.id === selected}
              isActive={index === active}
              isMarked={rows[index]!.session.id === marked.id}
              isTaking={rows[index]!.session.id === drag.over}
            />
          ))}
        </div>
      )}
    </div>
  );
}

const isBeside =
  (row: { readonly session: { readonly parentId: string | null } }) =>
  ({ session, hasChildren }: { session: { parentId: string | null }; hasChildren: boolean }) =>
    hasChildren && session.parentId === row.session.parentId;

function MoreSessions({ tree }: { tree: OpenTree }) {
  return (
    <div class={tree.error ? 'banner is-fault' : 'banner'} role="status">
      The first {count(tree.rows.size)} sessions.{' '}
      {tree.error && `More could not be read: ${visible(tree.error.message)} `}
      <button type="button" class="chip" onClick={() => void tree.more()}>
        Read 10,000 more
      </button>
    </div>
  );
}
