import { useEffect, useState } from 'preact/hooks';
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
  const [next, setNext] = useState<string | null>(null);
  const shown = inSight.flatMap(({ index }) => {
    const row = rows[index];
    return row?.kind === 'tree' ? [row.root.id] : [];
  });
  const current = [focused, selected, shown[0]].find((id) => id != null && shown.includes(id)) ?? null;
  // A tree that was out of sight is there once the list has scrolled.
  useEffect(() => {
    const element = next !== null && document.getElementById(rootRowId(next));
    if (!element) return;
    element.focus({ preventScroll: true });
    setNext(null);
  });
  const press = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const trees = rows.flatMap((row, index) => (row.kind === 'tree' ? [{ id: row.root.id, index }] : []));
    const at = trees.findIndex(({ id }) => id === current);
    const target = trees[Math.min(Math.max(at + step, 0), trees.length - 1)];
    if (!target) return;
    event.preventDefault();
    scrollTo(target.index);
    setNext(target.id);
  };
  const focus = ({ target }: FocusEvent) => {
    const id = shown.find((shownId) => rootRowId(shownId) === (target as Element).id);
    if (id !== undefined) setFocused(id);
  };
  return { current, press, focus };
}
