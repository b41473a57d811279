import { access } from '../api/access.ts';
import { renaming } from '../doing/renaming.ts';
import { TitleField } from '../doing/title-field.tsx';
import { cost, count, nameOf } from '../parts/format.ts';
import { StatusMark } from '../parts/marks.tsx';
import { visible } from '../parts/visible.ts';
import type { OpenTree } from './open-tree.ts';
import type { ShownRow } from './tree-rows.ts';

export const TREE_ROW_HEIGHT = 30;
const INDENT = 18;
const MARGIN = 10;
/** Deeper levels are not indented further: the name must have room. */
const INDENTS_MAX = 16;

export const treeRowId = (id: string) => `row-${id}`;

/** The row that was clicked, and whether the click was on what opens and closes it. */
export function clickedRow({
  target,
}: MouseEvent): { readonly id: string; readonly isToggle: boolean } | null {
  const element = target as Element;
  const row = element.closest('[role=treeitem]');
  return (
    row && { id: row.id.slice(treeRowId('').length), isToggle: element.closest('[data-opens=true]') !== null }
  );
}

interface Props {
  readonly row: ShownRow;
  readonly tree: OpenTree;
  readonly start: number;
  readonly isSelected: boolean;
  readonly isActive: boolean;
  /** Whether it is marked, to be compared with another. */
  readonly isMarked: boolean;
  /** Whether what is dragged would be moved under it. */
  readonly isTaking: boolean;
}

/** A session of the tree: its name, what it is, and what it and all beneath it cost. */
export function TreeRow({ row, tree, start, isSelected, isActive, isMarked, isTaking }: Props) {
  const { session, isOpen, hasChildren } = row;
  const sums = tree.rows.sumsOf(session.id);
  return (
    <div
      id={treeRowId(session.id)}
      class={classOf({
        'tree-row number': true,
        'is-active': isActive,
        'is-archived': session.archivedAt !== null,
        'is-marked': isMarked,
        'is-taking': isTaking,
      })}
      draggable={row.level > 0 && access.mayWrite}
      role="treeitem"
      aria-level={row.level + 1}
      aria-setsize={row.setSize}
      aria-posinset={row.positionInSet}
      aria-expanded={hasChildren ? isOpen : undefined}
      aria-selected={isSelected}
      tabIndex={-1}
      style={{ transform: `translateY(${start}px)` }}
    >
      <TreeName row={row} tree={tree} />
      <span>{count(session.historyLength)}</span>
      <span title={session.usage.costUsd === null ? undefined : `${cost(session.usage.costUsd)} of its own`}>
        {tree.rows.isWhole(session.id) && cost(sums.costUsd)}
      </span>
    </div>
  );
}

const classOf = (classes: Readonly<Record<string, boolean>>) =>
  Object.keys(classes)
    .filter((name) => classes[name])
    .join(' ');

/** The name of a session, indented by its level, with what opens and closes what is beneath it. */
export function TreeName({
  row: { session, level, isOpen, hasChildren },
  tree,
}: Pick<Props, 'row' | 'tree'>) {
  const name = visible(nameOf(session.title, tree.firstWordsOf(session.id)));
  const indents = Math.min(level, INDENTS_MAX);
  const sums = tree.rows.sumsOf(session.id);
  return (
    <div class="tree-name" style={{ paddingLeft: MARGIN + indents * INDENT }}>
      {Array.from({ length: indents }, (_, n) => (
        <i key={n} class="guide" style={{ left: MARGIN + 6 + n * INDENT }} />
      ))}
      <span class="chevron" aria-hidden="true" data-opens={hasChildren}>
        {hasChildren ? (isOpen ? '▾' : '▸') : ''}
      </span>
      <StatusMark status={session.status} />
      {renaming.isAt(session.id, 'row') ? (
        <TitleField tree={tree} sessionId={session.id} />
      ) : (
        <span class="cut" title={name}>
          {name}
        </span>
      )}
      {session.agentName && <em class="cut">{visible(session.agentName)}</em>}
      {session.forkedFrom && <span class="tag">fork at {count(session.forkedFrom.historyLength)}</span>}
      {session.archivedAt && <span class="tag">archived</span>}
      {hasChildren && !isOpen && tree.rows.isWhole(session.id) && (
        <span class="tag">{count(sums.sessions - 1)}</span>
      )}
    </div>
  );
}
