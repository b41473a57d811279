import { useState } from 'preact/hooks';
import type { OpenTree } from '../tree/open-tree.ts';
import { clickedRow } from '../tree/tree-row.tsx';
import { moveTo } from './actions.ts';
import { attempt } from './toasts.ts';

/** In the place of the id of a session: what is dragged becomes a tree of its own. */
export const OWN_TREE = Symbol('a tree of its own');

export type DragToMove = ReturnType<typeof useDragToMove>;

/** Moves sessions by dragging their rows onto others, or to where they become trees of their own. The keyboard has the dialog for the same. */
export function useDragToMove(tree: OpenTree) {
  const [dragged, setDragged] = useState<string | null>(null);
  /** Under what the dragged session would be moved. */
  const [over, setOver] = useState<string | typeof OWN_TREE | null>(null);
  const parentAt = (event: DragEvent): string | null => {
    const id = clickedRow(event)?.id;
    if (dragged === null || id === undefined || id === tree.rows.find(dragged)?.parentId) return null;
    // Nothing can be moved under itself.
    return tree.rows.subtreeOf(dragged).some((session) => session.id === id) ? null : id;
  };
  const end = () => {
    setDragged(null);
    setOver(null);
  };
  const takes = (placeAt: (event: DragEvent) => string | typeof OWN_TREE | null) => ({
    onDragOver: (event: DragEvent) => {
      const place = placeAt(event);
      setOver(place);
      if (place !== null) event.preventDefault();
    },
    onDrop: (event: DragEvent) => {
      const place = placeAt(event);
      if (place === null) return;
      event.preventDefault();
      void attempt(() => moveTo(tree, dragged!, place === OWN_TREE ? null : place));
      end();
    },
    onDragLeave: () => setOver(null),
  });
  const onRows = {
    ...takes(parentAt),
    onDragStart: (event: DragEvent) => {
      const id = clickedRow(event)?.id;
      if (id === undefined) return;
      event.dataTransfer!.effectAllowed = 'move';
      setDragged(id);
    },
    onDragEnd: end,
  };
  return { isDragging: dragged !== null, over, onRows, onOwnTree: takes(() => OWN_TREE) };
}
