import { useState } from 'preact/hooks';
import type { OpenTree } from '../tree/open-tree.ts';
import { clickedRow } from '../tree/tree-row.tsx';
import { moveTo } from './actions.ts';
import { attempt } from './toasts.ts';

/** Moves sessions by dragging their rows onto others. The keyboard has the dialog for the same. */
export function useDragToMove(tree: OpenTree) {
  const [dragged, setDragged] = useState<string | null>(null);
  /** The session under which the dragged one would be moved. */
  const [over, setOver] = useState<string | null>(null);
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
  const handlers = {
    onDragStart: (event: DragEvent) => {
      const id = clickedRow(event)?.id;
      if (id === undefined) return;
      event.dataTransfer!.effectAllowed = 'move';
      setDragged(id);
    },
    onDragOver: (event: DragEvent) => {
      const parent = parentAt(event);
      setOver(parent);
      if (parent !== null) event.preventDefault();
    },
    onDrop: (event: DragEvent) => {
      const parent = parentAt(event);
      if (parent === null) return;
      event.preventDefault();
      void attempt(() => moveTo(tree, dragged!, parent));
      end();
    },
    onDragEnd: end,
  };
  return { over, handlers };
}
