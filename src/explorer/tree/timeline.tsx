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
  const { sessions, shown } = tree.rows;
  let begin = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  for (const { createdAt, lastActiveAt } of sessions) {
    begin = Math.min(begin, Date.parse(createdAt));
    end = Math.max(end, Date.parse(lastActiveAt));
  }
  const span = Math.max(end - begin, 1);
  const percent = (time: string) => ((Date.parse(time) - begin) / span) * 100;
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
