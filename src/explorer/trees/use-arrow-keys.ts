import { useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks';
import { rootRowId } from './root-row.tsx';
import type { ListRow } from './trees-list.ts';

const STEPS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: 10,
  PageUp: -10,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

/**
 * Leads through the list of trees by keys. Were each tree a stop of Tab, Tab would not come out of a long list: one is, the last that had the
 * focus, or else the one that is open, or else the first in sight.
 */
export function useArrowKeys(
  rows: readonly ListRow[],
  inSight: readonly { readonly index: number }[],
  scrollTo: (row: number) => void,
  selected: string | null,
) {
  const [focused, setFocused] = useState<string | null>(null);
  /** The tree to which a key leads, until it has the focus: the next key may come before. */
  const next = useRef<string | null>(null);
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const shown = inSight.flatMap(({ index }) => {
    const row = rows[index];
    return row?.kind === 'tree' ? [row.root.id] : [];
  });
  const current = [focused, selected, shown[0]].find((id) => id != null && shown.includes(id)) ?? null;
  // A tree that was out of sight is there once the list has scrolled. It gets the focus at once, as the one that had it may be gone then.
  useLayoutEffect(() => {
    const element = next.current !== null && document.getElementById(rootRowId(next.current));
    if (!element) return;
    element.focus({ preventScroll: true });
    next.current = null;
  });
  const press = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const trees = rows.flatMap((row, index) => (row.kind === 'tree' ? [{ id: row.root.id, index }] : []));
    // What is drawn may be older than the focus.
    const { id: focusedId } = event.target as Element;
    const at = trees.findIndex(({ id }) =>
      next.current === null ? rootRowId(id) === focusedId : id === next.current,
    );
    const target = trees[Math.min(Math.max(at + step, 0), trees.length - 1)];
    if (!target) return;
    event.preventDefault();
    scrollTo(target.index);
    next.current = target.id;
    draw(null as never);
  };
  const focus = ({ target }: FocusEvent) => {
    const id = shown.find((shownId) => rootRowId(shownId) === (target as Element).id);
    if (id !== undefined) setFocused(id);
  };
  return { current, press, focus };
}
