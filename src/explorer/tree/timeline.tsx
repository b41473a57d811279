import type { VirtualItem } from '@tanstack/react-virtual';
import { clock, duration } from '../parts/format.ts';
import type { OpenTree } from './open-tree.ts';
import { TreeName, treeRowId } from './tree-row.tsx';

interface Props {
  readonly tree: OpenTree;
  readonly items: readonly VirtualItem[];
  readonly total: number;
  readonly selected: string;
}

/** The rows of a tree with a bar each, from when the session was created to when it was last active. */
export function Timeline({ tree, items, total, selected }: Props) {
  const { shown, span } = tree.rows;
  const percent = (time: string) =>
    ((Date.parse(time) - span.begin) / Math.max(span.end - span.begin, 1)) * 100;
  return (
    <div class="rows" role="none" style={{ height: total }}>
      {items.map(({ index, key, start }) => {
        const row = shown[index]!;
        const { session } = row;
        const left = percent(session.createdAt);
        const width = Math.max(percent(session.lastActiveAt) - left, 0.5);
        const length = Date.parse(session.lastActiveAt) - Date.parse(session.createdAt);
        return (
          <div
            key={key}
            id={treeRowId(session.id)}
            class="tree-row is-timeline number"
            role="treeitem"
            aria-level={row.level + 1}
            aria-setsize={row.setSize}
            aria-posinset={row.positionInSet}
            aria-expanded={row.hasChildren ? row.isOpen : undefined}
            aria-selected={session.id === selected}
            tabIndex={-1}
            style={{ transform: `translateY(${start}px)` }}
          >
            <TreeName row={row} tree={tree} />
            <span class="timeline-bar" title={`${clock(session.createdAt)}, for ${duration(length)}`}>
              <i class={session.status.toLowerCase()} style={{ left: `${left}%`, width: `${width}%` }} />
              <span class="unseen">{`${clock(session.createdAt)}, for ${duration(length)}`}</span>
            </span>
          </div>
        );
      })}
    </div>
  );
}

/** What stands above the bars: when the first of them begins, and the last one ends. */
export function TimelineHead({ tree }: { tree: OpenTree }) {
  const { begin, end } = tree.rows.span;
  return (
    <div class="tree-head is-timeline number" aria-hidden="true">
      <span>Session</span>
      <span class="timeline-ends">
        <span>{clock(begin)}</span>
        <span>{clock(end)}</span>
      </span>
    </div>
  );
}
