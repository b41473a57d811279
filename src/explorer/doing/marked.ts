import { addressBar } from '../address.ts';
import { Observable } from '../parts/observable.ts';
import { comparison } from './session-actions.ts';
import { toasts } from './toasts.ts';

/** The session that was marked by a click with Ctrl or ⌘: the next one is compared with it. */
class Marked extends Observable {
  #id: string | null = null;

  get id(): string | null {
    return this.#id;
  }

  mark(id: string): void {
    const first = this.#id;
    this.#id = first === null ? id : null;
    if (first === null) toasts.done('Marked. Ctrl + click on another session compares the two');
    else if (first !== id) addressBar.go(comparison(first, id));
    this.changed();
  }
}

export const marked = new Marked();
