import type { ShownRow } from './tree-rows.ts';

type Step =
  | { readonly kind: 'go'; readonly id: string }
  | { readonly kind: 'open'; readonly id: string; readonly isOpen: boolean }
  | { readonly kind: 'openBeside' }
  | { readonly kind: 'openAll' };

/** Keys of letters and signs: they do the same wherever the focus is, unless the person types into a field. */
export const LETTERS = ['g', 'u', '[', ']', '*', 'e'] as const;

const PAGE = 10;

/** What a key means at a row of a tree, as the pattern "tree view" of WAI-ARIA has it; null for other keys. */
export function stepIn(rows: readonly ShownRow[], at: number, event: KeyboardEvent): Step | null {
  const row = rows[at];
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return null;
  const { session, isOpen, hasChildren } = row;
  const go = (n: number): Step => ({
    kind: 'go',
    id: rows[Math.min(Math.max(n, 0), rows.length - 1)]!.session.id,
  });
  const parent = rows.findIndex(({ session: { id } }) => id === session.parentId);
  switch (event.key) {
    case 'ArrowDown':
      return go(at + 1);
    case 'ArrowUp':
      return go(at - 1);
    case 'PageDown':
      return go(at + PAGE);
    case 'PageUp':
      return go(at - PAGE);
    case 'Home':
    case 'g':
      return go(0);
    case 'End':
      return go(rows.length - 1);
    case 'ArrowRight':
      if (!hasChildren) return null;
      return isOpen ? go(at + 1) : { kind: 'open', id: session.id, isOpen: true };
    case 'ArrowLeft':
      if (hasChildren && isOpen) return { kind: 'open', id: session.id, isOpen: false };
      return parent === -1 ? null : go(parent);
    case 'u':
      return parent === -1 ? null : go(parent);
    case 'Enter':
    case ' ':
      return hasChildren ? { kind: 'open', id: session.id, isOpen: !isOpen } : null;
    case ']':
    case '[': {
      const step = event.key === ']' ? 1 : -1;
      for (let n = at + step; n >= 0 && n < rows.length; n += step) {
        if (rows[n]!.session.parentId === session.parentId) return go(n);
        if (rows[n]!.level < row.level) return null;
      }
      return null;
    }
    case '*':
      return { kind: 'openBeside' };
    case 'e':
      return { kind: 'openAll' };
    default:
      return null;
  }
}
