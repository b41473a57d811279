import { Observable } from '../parts/observable.ts';
import type { OpenTree } from '../tree/open-tree.ts';

/** A dialog, with what it is about. */
export type OpenDialog =
  | { readonly kind: 'create' }
  | { readonly kind: 'spawn' | 'move' | 'delete'; readonly tree: OpenTree; readonly sessionId: string }
  | {
      readonly kind: 'fork' | 'rollBack';
      readonly tree: OpenTree;
      readonly sessionId: string;
      /** The last message that the fork has, or that stays. Null for a fork of the whole history. */
      readonly message: { readonly id: string; readonly position: number } | null;
    };

class Dialogs extends Observable {
  #now: OpenDialog | null = null;

  get now(): OpenDialog | null {
    return this.#now;
  }

  show(dialog: OpenDialog): void {
    this.#now = dialog;
    this.changed();
  }

  /** Closes a dialog, unless another one is open already: the browser tells of a closing late, and what a dialog does may take long. */
  close(dialog: OpenDialog | null): void {
    if (dialog !== this.#now) return;
    this.#now = null;
    this.changed();
  }
}

/** The dialog that is open. */
export const dialogs = new Dialogs();
